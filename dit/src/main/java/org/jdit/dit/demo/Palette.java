package org.jdit.dit.demo;

/**
 * Colours of one drawing. Hues are free; contrast comes from luma (the weighted mean of red, green
 * and blue, 0 black to 1 white): a pale background has dark inks on it, a dark one light inks.
 *
 * @param background colour of the background at one end
 * @param ground colour of the background at the other end
 * @param main of the figure
 * @param accent of another hue
 * @param wood brown
 * @param leaf green
 * @param detail of what lies on the figure
 * @param rim of the figure's outline
 * @param width of the outline, as a part of half the figure; 0 for none
 */
record Palette(
    Rgb background,
    Rgb ground,
    Rgb main,
    Rgb accent,
    Rgb wood,
    Rgb leaf,
    Rgb detail,
    Rgb rim,
    double width) {
  private static final double DARK = 0.3;
  private static final double RIMMED = 0.3;
  private static final double HOLLOW = 0.2;

  /** Colours as the dice fall. */
  static Palette draw(Dice dice) {
    boolean dark = dice.chance(DARK);
    double hue = dice.between(0, 1);
    // By night blue and violet; red and brown look dirty.
    double away = dark ? dice.between(0.48, 0.85) : dice.between(0, 1);
    double vivid = dice.between(0.75, 1);
    double other = hue + dice.between(0.25, 0.75);
    double backSaturation = dice.between(0.2, 0.65);
    double style = dice.between(0, 1);
    double luma = dark ? dice.between(0.56, 0.72) : dice.between(0.38, 0.5);
    double back = dark ? dice.between(0.1, 0.17) : dice.between(0.84, 0.92);
    double step = dice.between(-0.06, 0.06);
    Rgb background = Rgb.of(away, backSaturation, back);
    Rgb ground = Rgb.of(away + dice.between(-0.08, 0.08), backSaturation, back + step);
    Rgb main = Rgb.lively(hue, vivid, luma);
    Rgb accent = Rgb.lively(other, vivid, dark ? luma + 0.14 : luma - 0.12);
    Rgb wood = Rgb.of(dice.between(0.05, 0.09), 0.65, dark ? 0.58 : 0.34);
    Rgb leaf = Rgb.of(dice.between(0.28, 0.42), 0.8, dark ? 0.6 : 0.4);
    Rgb open = Rgb.of(away, backSaturation / 2, dark ? 0.1 : 0.96);
    Rgb outline = Rgb.of(hue, 0.7, dark ? 0.92 : 0.17);
    if (style < HOLLOW) {
      return new Palette(background, ground, open, accent, wood, leaf, main, main, 0.09);
    }
    double width = style < HOLLOW + RIMMED ? 0.075 : 0;
    return new Palette(background, ground, main, accent, wood, leaf, open, outline, width);
  }

  Rgb colour(Layer.Ink ink) {
    return switch (ink) {
      case MAIN -> main;
      case ACCENT -> accent;
      case WOOD -> wood;
      case LEAF -> leaf;
      case DETAIL -> detail;
    };
  }

  /** A colour; channels are 0 to 1. */
  record Rgb(double red, double green, double blue) {
    /**
     * The colour of a hue that has a luma.
     *
     * @param hue in turns: 0 red, 1/3 green, 2/3 blue
     * @param saturation 0 grey to 1 as vivid as that luma can be
     * @param luma 0 to 1
     */
    static Rgb of(double hue, double saturation, double luma) {
      Rgb pure = pure(hue);
      double own = pure.luma();
      Rgb there =
          luma < own
              ? pure.towards(new Rgb(0, 0, 0), 1 - luma / own)
              : pure.towards(new Rgb(1, 1, 1), (luma - own) / (1 - own));
      return new Rgb(luma, luma, luma).towards(there, saturation);
    }

    /**
     * The same, where the luma is moved a third of the way to what the hue has by nature, so that
     * yellow does not turn to mud, nor blue to chalk.
     */
    static Rgb lively(double hue, double saturation, double luma) {
      return of(hue, saturation, luma + (pure(hue).luma() - luma) * 0.35);
    }

    private static Rgb pure(double hue) {
      return new Rgb(wave(hue), wave(hue - 1 / 3.0), wave(hue - 2 / 3.0));
    }

    /** Brightness as the eye weighs the channels, 0 black to 1 white. */
    double luma() {
      return 0.3 * red + 0.59 * green + 0.11 * blue;
    }

    /** One channel of the pure hues: 1 around 0, 0 around a half turn. */
    private static double wave(double turns) {
      double distance = Math.abs(turns - Math.rint(turns));
      return Math.clamp(2 - 6 * distance, 0, 1);
    }

    Rgb towards(Rgb to, double part) {
      return new Rgb(
          red + (to.red - red) * part,
          green + (to.green - green) * part,
          blue + (to.blue - blue) * part);
    }

    /** Opaque ARGB of 8 bits each. */
    int argb() {
      return 0xff << 24 | level(red) << 16 | level(green) << 8 | level(blue);
    }

    private static int level(double channel) {
      return (int) Math.floor(255 * Math.clamp(channel, 0, 1) + 0.5);
    }
  }
}
