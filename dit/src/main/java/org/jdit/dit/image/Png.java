package org.jdit.dit.image;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageTypeSpecifier;
import javax.imageio.ImageWriter;
import javax.imageio.metadata.IIOMetadata;
import javax.imageio.metadata.IIOMetadataNode;
import javax.imageio.stream.ImageOutputStream;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import org.jdit.tensor.io.AtomicFile;

/** PNG files with text in them. */
public final class Png {
  private static final String FORMAT = "javax_imageio_png_1.0";

  private Png() {}

  /**
   * Writes an image to a file, whole or not at all.
   *
   * @param text keyword → text, see below
   * @throws org.jdit.tensor.JditException if the file cannot be written
   */
  public static void write(Path file, BufferedImage image, Map<String, String> text) {
    AtomicFile.write(file, out -> write(image, text, Channels.newOutputStream(out)));
  }

  /**
   * Writes an image.
   *
   * @param text keyword → text, kept in text chunks ({@code iTXt} where it is not Latin-1)
   * @throws IOException if the stream cannot be written
   */
  public static void write(BufferedImage image, Map<String, String> text, OutputStream to)
      throws IOException {
    // The writer hides why a stream fails, so it does not get the stream itself.
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    ImageWriter writer = ImageIO.getImageWritersByFormatName("png").next();
    try (ImageOutputStream out = new MemoryCacheImageOutputStream(bytes)) {
      IIOMetadata metadata = writer.getDefaultImageMetadata(new ImageTypeSpecifier(image), null);
      metadata.mergeTree(FORMAT, chunks(text));
      writer.setOutput(out);
      writer.write(new IIOImage(image, null, metadata));
    } finally {
      writer.dispose();
    }
    bytes.writeTo(to);
  }

  private static IIOMetadataNode chunks(Map<String, String> text) {
    IIOMetadataNode latin = new IIOMetadataNode("tEXt");
    IIOMetadataNode unicode = new IIOMetadataNode("iTXt");
    text.forEach(
        (keyword, value) -> {
          boolean plain = StandardCharsets.ISO_8859_1.newEncoder().canEncode(value);
          IIOMetadataNode entry = new IIOMetadataNode(plain ? "tEXtEntry" : "iTXtEntry");
          entry.setAttribute("keyword", keyword);
          if (plain) {
            entry.setAttribute("value", value);
            latin.appendChild(entry);
          } else {
            entry.setAttribute("compressionFlag", "FALSE");
            entry.setAttribute("compressionMethod", "0");
            entry.setAttribute("languageTag", "");
            entry.setAttribute("translatedKeyword", "");
            entry.setAttribute("text", value);
            unicode.appendChild(entry);
          }
        });
    IIOMetadataNode root = new IIOMetadataNode(FORMAT);
    for (IIOMetadataNode kind : new IIOMetadataNode[] {latin, unicode}) {
      if (kind.getLength() > 0) {
        root.appendChild(kind);
      }
    }
    return root;
  }
}
