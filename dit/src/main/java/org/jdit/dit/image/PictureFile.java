package org.jdit.dit.image;

import java.awt.image.BufferedImage;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.IIOException;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import org.jdit.tensor.JditException;

/** Reads picture files: knows them by their first bytes, and refuses what is not whole. */
final class PictureFile {
  /** Where Pillow sees a decompression bomb. */
  private static final long MOST_PIXELS = 178_956_970;

  private static final long MOST_BYTES = 1L << 30;

  /** Bit of the flags of an extended WebP file. */
  private static final int WEBP_PROFILE = 0x20;

  private enum Kind {
    JPEG,
    PNG,
    GIF,
    BMP,
    WEBP
  }

  private PictureFile() {}

  static RgbImage read(Path file) {
    try {
      return decode(bytes(file));
    } catch (IOException e) {
      rethrowOfMachine(e);
      throw new JditException("cannot read picture " + file + ": " + reason(e), e);
    } catch (RuntimeException e) {
      rethrowOfMachine(e);
      // Decoders meet damaged data with exceptions of any kind.
      throw new JditException(
          "cannot read picture " + file + ": it is damaged (" + line(e.toString()) + ")", e);
    }
  }

  /** Readers of the JDK hide that memory is short, which says nothing about the picture. */
  private static void rethrowOfMachine(Throwable e) {
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (cause instanceof VirtualMachineError failure) {
        throw failure;
      }
    }
  }

  private static byte[] bytes(Path file) throws IOException {
    if (Files.exists(file) && !Files.isRegularFile(file)) {
      throw new IIOException("it is no file");
    }
    if (Files.size(file) > MOST_BYTES) {
      throw new IIOException("it is larger than " + MOST_BYTES + " bytes");
    }
    return Files.readAllBytes(file);
  }

  private static RgbImage decode(byte[] file) throws IOException {
    Kind kind = kind(file);
    WholeInput input =
        new WholeInput(
            switch (kind) {
              case JPEG -> Jpeg.bare(file);
              case WEBP -> bareWebp(file);
              case PNG, GIF, BMP -> file;
            });
    ImageReader reader = reader(kind);
    try {
      reader.setInput(input, true, kind != Kind.GIF);
      checkPixels(reader.getWidth(0), reader.getHeight(0));
      RgbImage image =
          switch (kind) {
            case JPEG -> Jpeg.rgb(file, reader.readRaster(0, null));
            case GIF -> GifFrame.first(reader);
            case PNG, BMP, WEBP -> {
              BufferedImage read = reader.read(0);
              yield Samples.rgb(read.getRaster(), read.getColorModel());
            }
          };
      if (kind != Kind.WEBP && input.exhausted()) {
        throw new EOFException();
      }
      return image;
    } catch (IOException | RuntimeException e) {
      if (input.exhausted()) {
        throw new IIOException("it is truncated", e);
      }
      throw e;
    } finally {
      reader.dispose();
    }
  }

  /** That of the JDK, whose ways are known, though there be others. */
  private static ImageReader reader(Kind kind) {
    List<ImageReader> all = new ArrayList<>();
    ImageIO.getImageReadersByFormatName(kind.name()).forEachRemaining(all::add);
    return all.stream()
        .filter(reader -> reader.getClass().getModule() == ImageIO.class.getModule())
        .findFirst()
        .orElseGet(all::getFirst);
  }

  /**
   * A WebP file whose colour profile is not announced, so that it is not applied. It is measured by
   * the length in its head, since its decoder reads ahead.
   */
  private static byte[] bareWebp(byte[] file) throws EOFException {
    ByteBuffer webp = ByteBuffer.wrap(file.clone()).order(ByteOrder.LITTLE_ENDIAN);
    if (webp.limit() < 21 || 8 + Integer.toUnsignedLong(webp.getInt(4)) > webp.limit()) {
      throw new EOFException();
    }
    if (new String(file, 12, 4, StandardCharsets.ISO_8859_1).equals("VP8X")) {
      webp.put(20, (byte) (webp.get(20) & ~WEBP_PROFILE));
    }
    return webp.array();
  }

  private static Kind kind(byte[] file) throws IIOException {
    if (file.length == 0) {
      throw new IIOException("it is empty");
    }
    String head = new String(file, 0, Math.min(file.length, 12), StandardCharsets.ISO_8859_1);
    if (head.startsWith("\u00ff\u00d8\u00ff")) {
      return Kind.JPEG;
    } else if (head.startsWith("\u0089PNG\r\n\u001a\n")) {
      return Kind.PNG;
    } else if (head.startsWith("GIF87a") || head.startsWith("GIF89a")) {
      return Kind.GIF;
    } else if (head.startsWith("RIFF") && head.endsWith("WEBP")) {
      return Kind.WEBP;
    } else if (head.startsWith("BM")) {
      return Kind.BMP;
    }
    throw new IIOException("it is not a JPEG, PNG, GIF, BMP or WebP picture");
  }

  /** Refuses a picture before the memory for it is taken. */
  static void checkPixels(int width, int height) throws IIOException {
    if ((long) width * height > MOST_PIXELS) {
      throw new IIOException(
          "it has %d x %d pixels, more than %d".formatted(width, height, MOST_PIXELS));
    }
  }

  private static String reason(IOException e) {
    return switch (e) {
      case NoSuchFileException _ -> "it does not exist";
      case AccessDeniedException _ -> "permission denied";
      case EOFException _ -> "it is truncated";
      case IIOException failed when failed.getCause() instanceof EOFException -> "it is truncated";
      default -> line(e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage());
    };
  }

  private static String line(String text) {
    return text.replaceAll("\\p{Cntrl}", " ");
  }
}
