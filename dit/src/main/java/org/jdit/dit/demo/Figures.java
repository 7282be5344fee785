package org.jdit.dit.demo;

import static org.jdit.dit.demo.Layer.Ink.ACCENT;
import static org.jdit.dit.demo.Layer.Ink.DETAIL;
import static org.jdit.dit.demo.Layer.Ink.LEAF;
import static org.jdit.dit.demo.Layer.Ink.MAIN;
import static org.jdit.dit.demo.Layer.Ink.WOOD;
import static org.jdit.dit.demo.Outlines.blade;
import static org.jdit.dit.demo.Outlines.burst;
import static org.jdit.dit.demo.Outlines.crescent;
import static org.jdit.dit.demo.Outlines.disc;
import static org.jdit.dit.demo.Outlines.polygon;
import static org.jdit.dit.demo.Outlines.wing;

import java.awt.geom.Path2D;
import java.awt.geom.Rectangle2D;
import java.util.ArrayList;
import java.util.List;

/** The pieces of each figure, from the back to the front, within about (−1, −1) to (1, 1). */
final class Figures {
  private Figures() {}

  static List<Layer> heart(Dice dice) {
    double lobe = dice.between(0.72, 1.05);
    double cleft = dice.between(0.25, 0.6);
    double belly = dice.between(-0.05, 0.25);
    Path2D.Double p = new Path2D.Double();
    p.moveTo(0, 1);
    p.curveTo(-0.5, 0.55, -1.05, belly, -1.05, -0.35);
    p.curveTo(-1.05, -0.35 - 0.6 * lobe, -0.2, -0.35 - 0.75 * lobe, 0, -0.9 + cleft);
    p.curveTo(0.2, -0.35 - 0.75 * lobe, 1.05, -0.35 - 0.6 * lobe, 1.05, -0.35);
    p.curveTo(1.05, belly, 0.5, 0.55, 0, 1);
    p.closePath();
    return List.of(new Layer(p, MAIN));
  }

  static List<Layer> star(Dice dice) {
    return List.of(
        new Layer(burst(0, 0, dice.chance(0.7) ? 5 : 6, 1, dice.between(0.4, 0.54)), MAIN));
  }

  static List<Layer> moon(Dice dice) {
    double bite = dice.between(0.72, 0.86);
    double shift = dice.between(0.5, 0.62);
    List<Layer> layers = new ArrayList<>(List.of(new Layer(crescent(shift, bite), MAIN)));
    if (dice.chance(0.4)) {
      layers.add(new Layer(burst(shift + 0.2, dice.between(-0.25, 0.25), 5, 0.33, 0.5), ACCENT));
    }
    return layers;
  }

  static List<Layer> flower(Dice dice) {
    int petals = dice.count(5, 8);
    double head = dice.between(0.5, 0.6);
    double centre = dice.between(0.2, 0.27);
    double petal = 1.15 * head * StrictMath.sin(Math.PI / petals);
    double start = dice.between(0, 1);
    double y = -1 + head + petal;
    double lean = dice.between(-0.15, 0.15);
    List<Layer> layers = new ArrayList<>();
    layers.add(new Layer(polygon(-0.08, y, 0.08, y, lean + 0.08, 1.25, lean - 0.08, 1.25), LEAF));
    double leaf = dice.between(0.75, 1);
    layers.add(new Layer(blade(lean, leaf, 0.6, leaf - 0.45), LEAF));
    if (dice.chance(0.6)) {
      layers.add(new Layer(blade(lean, leaf + 0.12, -0.6, leaf - 0.3), LEAF));
    }
    for (int i = 0; i < petals; i++) {
      double a = 2 * Math.PI * (i + start) / petals;
      layers.add(
          new Layer(
              disc(head * StrictMath.cos(a), y + head * StrictMath.sin(a), petal, petal), MAIN));
    }
    layers.add(new Layer(disc(0, y, head, head), MAIN));
    layers.add(new Layer(disc(0, y, centre, centre), ACCENT));
    return layers;
  }

  static List<Layer> tree(Dice dice) {
    int tiers = dice.count(2, 4);
    double width = dice.between(0.65, 0.85);
    double narrow = dice.between(0.5, 0.7);
    double trunk = dice.between(0.11, 0.17);
    List<Layer> layers = new ArrayList<>();
    layers.add(new Layer(new Rectangle2D.Double(-trunk, 0.5, 2 * trunk, 0.5), WOOD));
    for (int i = tiers - 1; i >= 0; i--) {
      double part = (i + 1.0) / tiers;
      double bottom = -1 + 1.7 * part;
      double half = width * (narrow + (1 - narrow) * part);
      double top = i == 0 ? -1 : -1 + 1.7 * (part - 1.55 / tiers);
      layers.add(new Layer(polygon(0, top, half, bottom, -half, bottom), MAIN));
    }
    return layers;
  }

  static List<Layer> mushroom(Dice dice) {
    double rim = dice.between(0, 0.2);
    double sag = dice.between(0.05, 0.3);
    double stem = dice.between(0.2, 0.34);
    double foot = stem + dice.between(0, 0.15);
    Path2D.Double cap = new Path2D.Double();
    cap.moveTo(-1, rim);
    cap.curveTo(-1, -1.25, 1, -1.25, 1, rim);
    cap.quadTo(0, rim + 2 * sag, -1, rim);
    cap.closePath();
    List<Layer> layers = new ArrayList<>();
    layers.add(new Layer(polygon(-stem, rim, stem, rim, foot, 1, -foot, 1), ACCENT));
    layers.add(new Layer(cap, MAIN));
    double spot = dice.between(0.15, 0.21);
    double[][] places = {{-0.5, -0.2}, {0.05, -0.55}, {0.5, -0.12}, {0, -0.02}};
    int spots = dice.count(2, 4);
    for (int i = 0; i < spots; i++) {
      double x = places[i][0] + dice.between(-0.06, 0.06);
      double y = places[i][1] + dice.between(-0.06, 0.06);
      layers.add(new Layer(disc(x, y, spot, spot), DETAIL));
    }
    return layers;
  }

  static List<Layer> house(Dice dice) {
    double wall = dice.between(0.68, 0.85);
    double eaves = dice.between(-0.25, 0.05);
    double ridge = dice.between(-1.1, -0.9);
    double over = wall + dice.between(0.1, 0.25);
    double door = dice.between(0.15, 0.2);
    double at = dice.between(-0.4, -0.25);
    List<Layer> layers = new ArrayList<>();
    if (dice.chance(0.5)) {
      layers.add(new Layer(new Rectangle2D.Double(0.32, ridge + 0.05, 0.24, 0.8), WOOD));
    }
    layers.add(new Layer(new Rectangle2D.Double(-wall, eaves, 2 * wall, 1 - eaves), ACCENT));
    layers.add(new Layer(polygon(-over, eaves + 0.05, 0, ridge, over, eaves + 0.05), MAIN));
    layers.add(new Layer(new Rectangle2D.Double(at - door, 0.4, 2 * door, 0.6), DETAIL));
    layers.add(new Layer(new Rectangle2D.Double(0.15, 0.3, 0.36, 0.34), DETAIL));
    return layers;
  }

  static List<Layer> sailboat(Dice dice) {
    double deck = dice.between(0.42, 0.55);
    double bow = dice.between(0.25, 0.45);
    double boom = deck - dice.between(0.08, 0.16);
    double sail = dice.between(0.7, 0.95);
    double mast = dice.between(-0.2, 0);
    List<Layer> layers = new ArrayList<>();
    layers.add(new Layer(new Rectangle2D.Double(mast - 0.06, -1, 0.12, 1.5), WOOD));
    layers.add(new Layer(polygon(-1, deck, 1, deck, 1 - bow, 1, bow - 1, 1), ACCENT));
    layers.add(new Layer(polygon(mast + 0.06, -1, mast + sail, boom, mast + 0.06, boom), MAIN));
    if (dice.chance(0.65)) {
      double jib = dice.between(0.45, 0.7);
      layers.add(new Layer(polygon(mast - 0.08, -0.75, mast - jib, boom, mast - 0.08, boom), MAIN));
    }
    return layers;
  }

  static List<Layer> fish(Dice dice) {
    double fat = dice.between(0.46, 0.66);
    double tail = dice.between(0.36, 0.55);
    double notch = dice.between(0.05, 0.25);
    Path2D.Double body = new Path2D.Double();
    body.moveTo(1, 0);
    body.curveTo(0.7, -1.25 * fat, -0.2, -1.35 * fat, -0.65, 0);
    body.curveTo(-0.2, 1.35 * fat, 0.7, 1.25 * fat, 1, 0);
    body.closePath();
    List<Layer> layers = new ArrayList<>();
    layers.add(new Layer(polygon(-0.45, 0, -1, -tail, -1 + notch, 0, -1, tail), MAIN));
    double fin = dice.between(0.2, 0.4);
    layers.add(
        new Layer(polygon(0.4, -0.7 * fat, -0.2, -0.9 * fat - fin, -0.3, -0.6 * fat), ACCENT));
    layers.add(new Layer(body, MAIN));
    if (dice.chance(0.6)) {
      double x = dice.between(-0.12, 0.05);
      layers.add(
          new Layer(
              polygon(x, -0.9 * fat, x + 0.2, -0.9 * fat, x + 0.2, 0.9 * fat, x, 0.9 * fat),
              ACCENT));
    }
    layers.add(new Layer(disc(0.55, -0.25 * fat, 0.12, 0.12), DETAIL));
    return layers;
  }

  static List<Layer> butterfly(Dice dice) {
    double upper = dice.between(0.7, 0.95);
    double lower = dice.between(0.6, 0.85);
    double span = dice.between(0.62, 0.85);
    double spot = dice.between(0.14, 0.2);
    boolean spots = dice.chance(0.7);
    List<Layer> layers = new ArrayList<>();
    for (int side = -1; side <= 1; side += 2) {
      layers.add(new Layer(wing(side, -upper), MAIN));
      layers.add(new Layer(wing(side * span, lower), MAIN));
      if (spots) {
        layers.add(new Layer(disc(side * 0.66, -0.72 * upper, spot, spot), DETAIL));
        layers.add(new Layer(disc(side * 0.62 * span, 0.72 * lower, spot, spot), DETAIL));
      }
    }
    layers.add(new Layer(disc(0, 0, 0.12, 0.7), ACCENT));
    return layers;
  }

  static List<Layer> cat(Dice dice) {
    double width = dice.between(0.82, 1);
    double height = dice.between(0.68, 0.8);
    double tip = dice.between(0.6, 0.8);
    double ear = dice.between(-1.1, -0.9);
    double eye = dice.between(0.13, 0.18);
    double apart = dice.between(0.34, 0.44);
    boolean inner = dice.chance(0.5);
    List<Layer> layers = new ArrayList<>();
    for (int side = -1; side <= 1; side += 2) {
      layers.add(
          new Layer(polygon(side * 0.9 * width, 0.1, side * tip, ear, side * 0.12, -0.4), MAIN));
    }
    layers.add(new Layer(disc(0, 0.2, width, height), MAIN));
    for (int side = -1; side <= 1; side += 2) {
      if (inner) {
        layers.add(
            new Layer(
                polygon(
                    side * 0.72 * width, -0.25, side * tip * 0.96, ear + 0.3, side * 0.38, -0.4),
                ACCENT));
      }
      layers.add(new Layer(disc(side * apart, 0.08, eye, eye * 1.2), DETAIL));
    }
    layers.add(new Layer(polygon(-0.17, 0.42, 0.17, 0.42, 0, 0.62), ACCENT));
    return layers;
  }

  static List<Layer> mug(Dice dice) {
    double half = dice.between(0.56, 0.7);
    double taper = dice.between(0, 0.14);
    double tall = dice.between(0.72, 0.95);
    double grip = dice.between(0.36, 0.48);
    double hole = grip - dice.between(0.16, 0.21);
    double at = half - 0.04;
    Path2D.Double handle = new Path2D.Double(Path2D.WIND_EVEN_ODD);
    handle.append(disc(at, 0, grip, 1.15 * grip), false);
    handle.append(disc(at, 0, hole, 1.15 * hole), false);
    Path2D.Double body = new Path2D.Double();
    body.moveTo(-half, -tall);
    body.lineTo(half, -tall);
    body.lineTo(half - taper, tall);
    body.quadTo(0, tall + 0.2, taper - half, tall);
    body.closePath();
    List<Layer> layers = new ArrayList<>();
    layers.add(new Layer(handle, MAIN));
    layers.add(new Layer(body, MAIN));
    if (dice.chance(0.6)) {
      double y = dice.between(-0.1, 0.25);
      double x = half - 0.6 * taper;
      layers.add(new Layer(polygon(-x, y, x, y, x, y + 0.3, -x, y + 0.3), ACCENT));
    }
    layers.add(new Layer(disc(0, -tall, half, 0.17), DETAIL));
    return layers;
  }
}
