package org.jdit.dit.demo;

import java.awt.Shape;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Path2D;

/** Simple outlines. StrictMath is used for angles, so that points agree on every JVM. */
final class Outlines {
  private static final int ARC = 24;

  private Outlines() {}

  /** A polygon through (x, y), (x, y) … */
  static Shape polygon(double... xy) {
    Path2D.Double p = new Path2D.Double();
    p.moveTo(xy[0], xy[1]);
    for (int i = 2; i < xy.length; i += 2) {
      p.lineTo(xy[i], xy[i + 1]);
    }
    p.closePath();
    return p;
  }

  /** An ellipse with that centre and those radii. */
  static Shape disc(double x, double y, double rx, double ry) {
    return new Ellipse2D.Double(x - rx, y - ry, 2 * rx, 2 * ry);
  }

  /** A star with a point on top; its dents are at {@code waist} of the radius. */
  static Shape burst(double x, double y, int points, double radius, double waist) {
    double[] xy = new double[4 * points];
    for (int i = 0; i < 2 * points; i++) {
      double a = Math.PI * (i / (double) points - 0.5);
      double r = i % 2 == 0 ? radius : radius * waist;
      xy[2 * i] = x + r * StrictMath.cos(a);
      xy[2 * i + 1] = y + r * StrictMath.sin(a);
    }
    return polygon(xy);
  }

  /** A pointed leaf from one point to another. */
  static Shape blade(double x, double y, double toX, double toY) {
    Path2D.Double p = new Path2D.Double();
    p.moveTo(x, y);
    p.quadTo(x, toY, toX, toY);
    p.quadTo(toX, y, x, y);
    p.closePath();
    return p;
  }

  /** A wing from the middle outwards; its far corner is near (x, y). */
  static Shape wing(double x, double y) {
    Path2D.Double p = new Path2D.Double();
    p.moveTo(0, 0);
    p.curveTo(0.1 * x, 1.5 * y, 1.1 * x, 1.6 * y, x, 0.6 * y);
    p.curveTo(0.95 * x, 0.1 * y, 0.5 * x, -0.05 * y, 0, 0);
    p.closePath();
    return p;
  }

  /** What a circle leaves of the unit circle, which it cuts on the right. */
  static Shape crescent(double x, double radius) {
    double meet = (1 - radius * radius + x * x) / (2 * x);
    double outer = StrictMath.acos(meet);
    double inner = StrictMath.acos((meet - x) / radius);
    double[] xy = new double[4 * ARC];
    for (int i = 0; i < ARC; i++) {
      double part = i / (ARC - 1.0);
      double there = outer + (2 * Math.PI - 2 * outer) * part;
      double back = 2 * Math.PI - inner - (2 * Math.PI - 2 * inner) * part;
      xy[2 * i] = StrictMath.cos(there);
      xy[2 * i + 1] = StrictMath.sin(there);
      xy[2 * (ARC + i)] = x + radius * StrictMath.cos(back);
      xy[2 * (ARC + i) + 1] = radius * StrictMath.sin(back);
    }
    return polygon(xy);
  }
}
