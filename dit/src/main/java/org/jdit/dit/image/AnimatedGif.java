package org.jdit.dit.image;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.OutputStream;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageTypeSpecifier;
import javax.imageio.ImageWriter;
import javax.imageio.metadata.IIOInvalidTreeException;
import javax.imageio.metadata.IIOMetadata;
import javax.imageio.metadata.IIOMetadataNode;
import javax.imageio.stream.ImageOutputStream;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/** A GIF that plays its frames in an endless loop; frames are written as they come. */
public final class AnimatedGif implements AutoCloseable {
  private static final String FORMAT = "javax_imageio_gif_image_1.0";

  private final ImageWriter writer = ImageIO.getImageWritersByFormatName("gif").next();
  private final ImageOutputStream out;

  /** Begins an animation in {@code to}, which stays open when this is closed. */
  public AnimatedGif(OutputStream to) throws IOException {
    out = new MemoryCacheImageOutputStream(to);
    writer.setOutput(out);
    writer.prepareWriteSequence(null);
  }

  /**
   * Adds a frame.
   *
   * @param centiseconds how long it stands
   */
  public void add(BufferedImage frame, int centiseconds) throws IOException {
    IIOMetadata metadata = writer.getDefaultImageMetadata(new ImageTypeSpecifier(frame), null);
    writer.writeToSequence(
        new IIOImage(frame, null, timed(metadata, centiseconds)), writer.getDefaultWriteParam());
  }

  private static IIOMetadata timed(IIOMetadata metadata, int centiseconds)
      throws IIOInvalidTreeException {
    IIOMetadataNode control = new IIOMetadataNode("GraphicControlExtension");
    control.setAttribute("disposalMethod", "none");
    control.setAttribute("userInputFlag", "FALSE");
    control.setAttribute("transparentColorFlag", "FALSE");
    control.setAttribute("transparentColorIndex", "0");
    control.setAttribute("delayTime", Integer.toString(centiseconds));
    IIOMetadataNode loop = new IIOMetadataNode("ApplicationExtension");
    loop.setAttribute("applicationID", "NETSCAPE");
    loop.setAttribute("authenticationCode", "2.0");
    loop.setUserObject(new byte[] {1, 0, 0});
    IIOMetadataNode extensions = new IIOMetadataNode("ApplicationExtensions");
    extensions.appendChild(loop);
    IIOMetadataNode root = (IIOMetadataNode) metadata.getAsTree(FORMAT);
    for (IIOMetadataNode node : new IIOMetadataNode[] {control, extensions}) {
      for (int i = root.getLength() - 1; i >= 0; i--) {
        if (root.item(i).getNodeName().equals(node.getNodeName())) {
          root.removeChild(root.item(i));
        }
      }
      root.appendChild(node);
    }
    metadata.setFromTree(FORMAT, root);
    return metadata;
  }

  @Override
  public void close() throws IOException {
    writer.endWriteSequence();
    writer.dispose();
    out.flush();
    out.close();
  }
}
