package org.jdit.dit.image;

import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.awt.image.WritableRaster;
import java.io.IOException;
import java.util.Arrays;
import javax.imageio.IIOException;
import javax.imageio.ImageReader;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.w3c.dom.NodeList;

/** The first frame of a GIF on its screen, as Pillow shows it. */
final class GifFrame {
  private GifFrame() {}

  static RgbImage first(ImageReader reader) throws IOException {
    BufferedImage frame = reader.read(0);
    if (!(frame.getColorModel() instanceof IndexColorModel palette)) {
      throw new IIOException("its first frame has no palette");
    }
    Element image = tree(reader.getImageMetadata(0).getAsTree("javax_imageio_gif_image_1.0"));
    Element file = tree(reader.getStreamMetadata().getAsTree("javax_imageio_gif_stream_1.0"));
    int left = number(image, "ImageDescriptor", "imageLeftPosition");
    int top = number(image, "ImageDescriptor", "imageTopPosition");
    int width =
        Math.max(
            number(file, "LogicalScreenDescriptor", "logicalScreenWidth"), left + frame.getWidth());
    int height =
        Math.max(
            number(file, "LogicalScreenDescriptor", "logicalScreenHeight"),
            top + frame.getHeight());
    PictureFile.checkPixels(width, height);
    WritableRaster screen = frame.getColorModel().createCompatibleWritableRaster(width, height);
    int around = Math.max(0, palette.getTransparentPixel());
    int[] row = new int[width];
    Arrays.fill(row, around);
    for (int y = 0; y < height; y++) {
      screen.setSamples(0, y, width, 1, 0, row);
    }
    screen.setRect(left, top, frame.getRaster());
    return Samples.rgb(screen, palette);
  }

  private static Element tree(Node root) {
    return (Element) root;
  }

  private static int number(Element tree, String node, String attribute) {
    NodeList found = tree.getElementsByTagName(node);
    return found.getLength() == 0
        ? 0
        : Integer.parseInt(((Element) found.item(0)).getAttribute(attribute));
  }
}
