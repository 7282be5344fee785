package org.jdit.dit.demo;

import java.util.List;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jdit.dit.image.RgbImage;

/** Pictures with faults that a check must find. */
final class Planted {
  private static final int SIDE = Picture.SIDE;

  private Planted() {}

  /** Drawings of a set, one of each class for each way in which a copy may be changed. */
  static List<Picture> copies(DemoSet set) {
    return IntStream.range(0, DemoDrawings.CLASSES.size())
        .mapToObj(k -> k * set.perClass() + k % set.perClass())
        .map(i -> new Picture(set.label(i), RgbImage.of(set.draw(i))))
        .flatMap(
            p ->
                Stream.of(
                    p.mirrored(),
                    blurred(p),
                    blurred(blurred(p)),
                    halved(p),
                    shifted(p, 1, 0),
                    shifted(p, -1, 1),
                    blurred(shifted(p.mirrored(), 1, 1)),
                    brightened(p, 40),
                    brightened(halved(p), -30)))
        .toList();
  }

  /** Each pixel the mean of the nine around it. */
  static Picture blurred(Picture p) {
    return made(
        p,
        (x, y, at) ->
            IntStream.range(0, 9).map(i -> at.applyAsInt(index(x + i % 3 - 1, y + i / 3 - 1))).sum()
                / 9);
  }

  /** Four pixels of one colour. */
  static Picture halved(Picture p) {
    return made(
        p,
        (x, y, at) ->
            IntStream.range(0, 4)
                    .map(i -> at.applyAsInt(index(x / 2 * 2 + i % 2, y / 2 * 2 + i / 2)))
                    .sum()
                / 4);
  }

  static Picture shifted(Picture p, int right, int down) {
    return made(p, (x, y, at) -> at.applyAsInt(index(x - right, y - down)));
  }

  static Picture brightened(Picture p, int levels) {
    return made(p, (x, y, at) -> Math.clamp(at.applyAsInt(index(x, y)) + levels, 0, 255));
  }

  /** A part of one picture over another. */
  static Picture mixed(Picture one, Picture other, double part) {
    byte[] a = one.image().toBytes();
    byte[] b = other.image().toBytes();
    byte[] mixed = new byte[a.length];
    for (int i = 0; i < a.length; i++) {
      mixed[i] = (byte) Math.round(part * (a[i] & 0xff) + (1 - part) * (b[i] & 0xff));
    }
    return new Picture(one.label(), RgbImage.of(SIDE, SIDE, mixed));
  }

  /** One shape for each class, in the background and foreground colours of many drawings. */
  static List<Picture> collapsed(List<Picture> drawings) {
    return drawings.stream()
        .map(
            p -> {
              Picture one = drawings.get(first(drawings, p.label()));
              double[] mask = DemoShape.mask(one.rgb(), SIDE);
              int colour = colour(p);
              int[] back = p.rgb();
              byte[] levels = new byte[Picture.NUMBERS];
              for (int i = 0; i < mask.length; i++) {
                int rgb = mask[i] > 0 ? colour : back[i / SIDE < SIDE / 2 ? 0 : back.length - 1];
                for (int c = 0; c < 3; c++) {
                  levels[3 * i + c] = (byte) (rgb >> (16 - 8 * c));
                }
              }
              return new Picture(p.label(), RgbImage.of(SIDE, SIDE, levels));
            })
        .toList();
  }

  private static int first(List<Picture> drawings, int label) {
    return IntStream.range(0, drawings.size())
        .filter(i -> drawings.get(i).label() == label)
        .findFirst()
        .getAsInt();
  }

  /** That of the figure's pixel that is nearest to the middle of its pixels. */
  private static int colour(Picture p) {
    double[] mask = DemoShape.mask(p.rgb(), SIDE);
    int[] inside = IntStream.range(0, mask.length).filter(i -> mask[i] > 0).toArray();
    return p.rgb()[inside[inside.length / 2]];
  }

  /** A number of a picture from those of the same colour in another. */
  private interface Change {
    int level(int x, int y, IntUnaryOperator at);
  }

  private static int index(int x, int y) {
    return Math.clamp(y, 0, SIDE - 1) * SIDE + Math.clamp(x, 0, SIDE - 1);
  }

  private static Picture made(Picture p, Change change) {
    byte[] from = p.image().toBytes();
    byte[] to = new byte[from.length];
    for (int i = 0; i < to.length; i++) {
      int c = i % 3;
      int pixel = i / 3;
      to[i] = (byte) change.level(pixel % SIDE, pixel / SIDE, at -> from[at * 3 + c] & 0xff);
    }
    return new Picture(p.label(), RgbImage.of(SIDE, SIDE, to));
  }
}
