package org.jdit.dit.demo;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.Shape;
import java.awt.geom.AffineTransform;
import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;
import java.awt.image.DataBufferInt;
import java.util.List;
import org.jdit.dit.demo.Palette.Rgb;
import org.jdit.tensor.JditException;

/**
 * Small colourful drawings of twelve things, to train on without downloading anything. A drawing
 * follows from its class, its seed and its size alone; with another size it is the same picture,
 * larger or smaller. Within a class colours, size, place, rotation, outline and shape vary.
 */
public final class DemoDrawings {
  /** Names of the classes in the order of their labels. */
  public static final List<String> CLASSES = Figure.ALL.stream().map(Figure::title).toList();

  /** Smallest side of a drawing in pixels: below it the figures cannot be told apart. */
  public static final int MIN_SIZE = 16;

  /** Largest side of a drawing in pixels. */
  public static final int MAX_SIZE = 512;

  private static final int SAMPLES = 8;

  private DemoDrawings() {}

  /**
   * Draws.
   *
   * @param label an index of {@link #CLASSES}
   * @param seed any number; others give other drawings
   * @param size width and height in pixels, {@link #MIN_SIZE} to {@link #MAX_SIZE}
   * @return an image of type {@link BufferedImage#TYPE_INT_RGB}
   * @throws JditException if label or size is out of range
   */
  public static BufferedImage draw(int label, long seed, int size) {
    if (label < 0 || label >= CLASSES.size()) {
      throw new JditException(
          "class label %d is out of range: there are drawings of classes 0 to %d"
              .formatted(label, CLASSES.size() - 1));
    }
    checkSize(size);
    Dice dice = Dice.of(seed);
    Palette palette = Palette.draw(dice);
    Backdrop backdrop = Backdrop.draw(dice, palette);
    Figure figure = Figure.ALL.get(label);
    AffineTransform pose = pose(figure, dice);
    double scale = dice.between(0.66, 0.94);
    double right = dice.between(-0.5, 0.5);
    double down = dice.between(-0.5, 0.5);
    List<Layer> layers =
        figure.layers().apply(dice).stream()
            .map(l -> new Layer(pose.createTransformedShape(l.shape()), l.ink()))
            .toList();
    double rim = palette.width();
    AffineTransform place = place(bounds(layers, rim), scale, right, down, size * SAMPLES);
    return average(paint(layers, palette, place, rim, size * SAMPLES), backdrop, size);
  }

  static void checkSize(int size) {
    if (size < MIN_SIZE || size > MAX_SIZE) {
      throw new JditException(
          "drawings of %d pixels: choose a size from %d to %d".formatted(size, MIN_SIZE, MAX_SIZE));
    }
  }

  private static AffineTransform pose(Figure figure, Dice dice) {
    double angle = dice.between(-1, 1) * figure.turn() * Math.PI / 180;
    double wide = dice.between(0.88, 1.12);
    double face = figure.mirrored() && dice.chance(0.5) ? -wide : wide;
    double cos = StrictMath.cos(angle);
    double sin = StrictMath.sin(angle);
    return new AffineTransform(face * cos, face * sin, -sin / wide, cos / wide, 0, 0);
  }

  private static Rectangle2D bounds(List<Layer> layers, double rim) {
    Rectangle2D all = layers.getFirst().shape().getBounds2D();
    layers.forEach(l -> all.add(l.shape().getBounds2D()));
    all.setRect(
        all.getX() - rim, all.getY() - rim, all.getWidth() + 2 * rim, all.getHeight() + 2 * rim);
    return all;
  }

  /** Puts {@code box} into a frame: {@code scale} of its side, and within what that leaves. */
  private static AffineTransform place(
      Rectangle2D box, double scale, double right, double down, int frame) {
    double zoom = scale * frame / Math.max(box.getWidth(), box.getHeight());
    double x = frame / 2.0 + right * (frame - zoom * box.getWidth()) * scale;
    double y = frame / 2.0 + down * (frame - zoom * box.getHeight()) * scale;
    return new AffineTransform(
        zoom, 0, 0, zoom, x - zoom * box.getCenterX(), y - zoom * box.getCenterY());
  }

  /** ARGB samples, 0 where nothing is painted. Edges are hard: averaging softens them. */
  private static int[] paint(
      List<Layer> layers, Palette palette, AffineTransform place, double rim, int frame) {
    BufferedImage canvas = new BufferedImage(frame, frame, BufferedImage.TYPE_INT_ARGB);
    Graphics2D g = canvas.createGraphics();
    g.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_OFF);
    g.setRenderingHint(RenderingHints.KEY_STROKE_CONTROL, RenderingHints.VALUE_STROKE_PURE);
    List<Shape> shapes = layers.stream().map(l -> place.createTransformedShape(l.shape())).toList();
    if (rim > 0) {
      float width = (float) (2 * rim * place.getScaleX());
      BasicStroke stroke = new BasicStroke(width, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND);
      g.setColor(new Color(palette.rim().argb()));
      shapes.forEach(s -> g.fill(stroke.createStrokedShape(s)));
    }
    for (int i = 0; i < layers.size(); i++) {
      g.setColor(new Color(palette.colour(layers.get(i).ink()).argb()));
      g.fill(shapes.get(i));
    }
    g.dispose();
    return ((DataBufferInt) canvas.getRaster().getDataBuffer()).getData();
  }

  private static BufferedImage average(int[] samples, Backdrop backdrop, int size) {
    BufferedImage image = new BufferedImage(size, size, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < size; y++) {
      for (int x = 0; x < size; x++) {
        int painted = 0;
        int red = 0;
        int green = 0;
        int blue = 0;
        for (int j = 0; j < SAMPLES; j++) {
          int row = (y * SAMPLES + j) * size * SAMPLES + x * SAMPLES;
          for (int i = row; i < row + SAMPLES; i++) {
            int argb = samples[i];
            painted += argb >>> 31;
            red += argb >> 16 & 0xff;
            green += argb >> 8 & 0xff;
            blue += argb & 0xff;
          }
        }
        int back = backdrop.at((x + 0.5) / size, (y + 0.5) / size).argb();
        int bare = SAMPLES * SAMPLES - painted;
        red += bare * (back >> 16 & 0xff);
        green += bare * (back >> 8 & 0xff);
        blue += bare * (back & 0xff);
        image.setRGB(x, y, mean(red) << 16 | mean(green) << 8 | mean(blue));
      }
    }
    return image;
  }

  private static int mean(int sum) {
    int all = SAMPLES * SAMPLES;
    return (sum + all / 2) / all;
  }

  /**
   * What is behind the figure: one colour, two that blend along a direction, or a horizon. From (0,
   * 0) to (1, 1), the part of the second colour grows by {@code right} and {@code down}; in the
   * middle it is {@code middle}.
   */
  private record Backdrop(Rgb from, Rgb to, double right, double down, double middle) {
    static Backdrop draw(Dice dice, Palette palette) {
      int kind = dice.count(0, 2);
      double angle = dice.between(0, 2 * Math.PI);
      double horizon = dice.between(-0.05, 0.25);
      return switch (kind) {
        case 0 -> new Backdrop(palette.background(), palette.background(), 0, 0, 0.5);
        case 1 ->
            new Backdrop(
                palette.background(),
                palette.ground(),
                StrictMath.cos(angle) * 0.7,
                StrictMath.sin(angle) * 0.7,
                0.5);
        default -> new Backdrop(palette.background(), palette.ground(), 0, 30, -30 * horizon);
      };
    }

    Rgb at(double x, double y) {
      double part = middle + right * (x - 0.5) + down * (y - 0.5);
      return from.towards(to, Math.clamp(part, 0, 1));
    }
  }
}
