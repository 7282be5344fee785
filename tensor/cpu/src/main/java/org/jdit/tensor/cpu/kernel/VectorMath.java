package org.jdit.tensor.cpu.kernel;

import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.EQ;
import static jdk.incubator.vector.VectorOperators.GE;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LT;
import static jdk.incubator.vector.VectorOperators.NE;

import java.util.function.DoubleUnaryOperator;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;

/**
 * Functions of vectors as polynomials of fused multiply-adds: the same bits interpreted or compiled
 * and at every vector width, which the operators of the Vector API do not promise. Polynomials are
 * minimax fits of the relative error; errors are given in units in the last place (ulp) of the
 * result. NaN gives NaN.
 */
public final class VectorMath {
  /** Adding this rounds to an integer, which then stands in the low bits. */
  static final float ROUND = 0x1.8p23f;

  // exp: where it is 0 and infinity, and the polynomial's coefficients.
  static final float LEAST = -104f;
  static final float MOST = 89f;
  static final float LOG2_E = 1.442695f;
  static final float LN2_HIGH = 0.6931472f;
  static final float LN2_LOW = -1.9046542e-9f;
  static final float EXP_2 = 0.49999994f;
  static final float EXP_3 = 1.6666521e-1f;
  static final float EXP_4 = 4.166839e-2f;
  static final float EXP_5 = 8.36871e-3f;
  static final float EXP_6 = 1.3814613e-3f;

  // tanh: a polynomial of this many terms below this size.
  static final float TANH_SMALL = 0.625f;
  static final float TANH_3 = -0.3333333f;
  static final float TANH_5 = 1.3333206e-1f;
  static final float TANH_7 = -5.3946763e-2f;
  static final float TANH_9 = 2.1700703e-2f;
  static final float TANH_11 = -8.177398e-3f;
  static final float TANH_13 = 2.1429618e-3f;

  private static final float TWO_OVER_PI = 0.63661975f;
  private static final float HALF_PI_HIGH = 1.5707964f;
  private static final float HALF_PI_MIDDLE = -4.371139e-8f;
  private static final float HALF_PI_LOW = -1.7151245e-15f;

  /** Up to here, three parts of pi/2 leave an exact remainder. */
  private static final float LARGEST_ANGLE = 0x1p17f;

  private static final int SQRT_HALF_BITS = 0x3f3504f3;
  private static final float SQRT_2_OVER_PI = 0.7978846f;

  // -2u of gelu, as a polynomial.
  static final float GELU_1 = -2 * SQRT_2_OVER_PI;
  static final float GELU_3 = -2 * SQRT_2_OVER_PI * 0.044715f;

  private VectorMath() {}

  /**
   * Natural exponential, to 1 ulp; 0 below the smallest denormal number, infinity above the largest
   * float.
   */
  public static FloatVector exp(FloatVector x) {
    FloatVector limited = x.blend(LEAST, x.compare(LT, LEAST)).blend(MOST, x.compare(GT, MOST));
    FloatVector shifted = limited.fma(all(LOG2_E), all(ROUND));
    FloatVector n = shifted.sub(ROUND);
    FloatVector r = n.fma(all(-LN2_HIGH), limited);
    r = n.fma(all(-LN2_LOW), r);
    FloatVector p = r.fma(all(EXP_6), all(EXP_5));
    p = p.fma(r, all(EXP_4));
    p = p.fma(r, all(EXP_3));
    p = p.fma(r, all(EXP_2));
    p = p.fma(r.mul(r), r).add(1f);
    // 2^n as a product of two halves, so that denormal numbers and infinity come out of it.
    IntVector exponent = shifted.reinterpretAsInts().sub(Float.floatToRawIntBits(ROUND));
    IntVector half = exponent.lanewise(ASHR, 1);
    return p.mul(powerOfTwo(half)).mul(powerOfTwo(exponent.sub(half)));
  }

  private static FloatVector powerOfTwo(IntVector exponent) {
    return exponent.add(127).lanewise(LSHL, 23).reinterpretAsFloats();
  }

  /** Natural logarithm, to 1 ulp; minus infinity of 0, NaN of negative numbers. */
  public static FloatVector log(FloatVector x) {
    VectorMask<Float> denormal = x.compare(LT, Float.MIN_NORMAL);
    IntVector bits = x.blend(x.mul(0x1p23f), denormal).reinterpretAsInts();
    // x = m 2^e with m between sqrt(1/2) and sqrt(2).
    IntVector exponent = bits.sub(SQRT_HALF_BITS).lanewise(ASHR, 23);
    FloatVector m = bits.sub(exponent.lanewise(LSHL, 23)).reinterpretAsFloats();
    FloatVector e = (FloatVector) exponent.convert(I2F, 0);
    e = e.blend(e.sub(23f), denormal);
    FloatVector f = m.sub(1f);
    FloatVector p = f.fma(all(6.746641e-2f), all(-1.1675652e-1f));
    p = p.fma(f, all(1.1888162e-1f));
    p = p.fma(f, all(-1.240559e-1f));
    p = p.fma(f, all(1.4219552e-1f));
    p = p.fma(f, all(-1.6667996e-1f));
    p = p.fma(f, all(2.000212e-1f));
    p = p.fma(f, all(-0.2500001f));
    p = p.fma(f, all(3.3333313e-1f));
    FloatVector square = f.mul(f);
    FloatVector tail = e.fma(all(LN2_LOW), p.mul(f).mul(square));
    FloatVector r = e.fma(all(LN2_HIGH), f.add(square.fma(all(-0.5f), tail)));
    r = r.blend(Float.NEGATIVE_INFINITY, x.compare(EQ, 0f)).blend(Float.NaN, x.compare(LT, 0f));
    return r.blend(x, x.compare(LT, Float.POSITIVE_INFINITY).not());
  }

  /** Hyperbolic tangent, to 2 ulp. */
  public static FloatVector tanh(FloatVector x) {
    FloatVector z = x.mul(x);
    FloatVector p = z.fma(all(TANH_13), all(TANH_11));
    p = p.fma(z, all(TANH_9));
    p = p.fma(z, all(TANH_7));
    p = p.fma(z, all(TANH_5));
    p = p.fma(z, all(TANH_3));
    FloatVector small = p.fma(z.mul(x), x);
    FloatVector size = x.abs();
    FloatVector large = all(1f).sub(all(2f).div(exp(size.add(size)).add(1f)));
    large = large.blend(large.neg(), x.compare(LT, 0f));
    return small.blend(large, size.compare(LT, TANH_SMALL).not());
  }

  /**
   * Error function, to 2 ulp: a polynomial below 1, and above it one for the logarithm of 1 - erf.
   */
  public static FloatVector erf(FloatVector x) {
    FloatVector z = x.mul(x);
    FloatVector p = z.fma(all(-9.67359e-6f), all(1.1268254e-4f));
    p = p.fma(z, all(-8.4843964e-4f));
    p = p.fma(z, all(0.0052210535f));
    p = p.fma(z, all(-0.026865438f));
    p = p.fma(z, all(0.11283783f));
    p = p.fma(z, all(-0.37612638f));
    p = p.fma(z, all(0.12837917f));
    FloatVector small = p.fma(x, x);
    FloatVector t = x.abs().min(4f);
    FloatVector q = t.fma(all(1.5714821e-6f), all(-4.4762863e-5f));
    q = q.fma(t, all(5.859133e-4f));
    q = q.fma(t, all(-0.0047086794f));
    q = q.fma(t, all(0.026276719f));
    q = q.fma(t, all(-0.109826066f));
    q = q.fma(t, all(-0.6320962f));
    q = q.fma(t, all(-1.1300749f));
    q = q.fma(t, all(2.808105e-4f));
    FloatVector large = all(1.0f).sub(exp(q));
    large = large.blend(large.neg(), x.compare(LT, 0f));
    return small.blend(large, x.abs().compare(LT, 1f).not());
  }

  /** {@code 1 / (1 + exp(-x))}, to 3 ulp; 0 where exp(-x) is infinite. */
  public static FloatVector sigmoid(FloatVector x) {
    return all(1f).div(exp(x.neg()).add(1f));
  }

  /** Sine, to 2 ulp for arguments of any size. */
  public static FloatVector sin(FloatVector x) {
    return whereLarge(x, StrictMath::sin, sinOfQuadrant(x, 0));
  }

  /** Cosine, to 2 ulp for arguments of any size. */
  public static FloatVector cos(FloatVector x) {
    return whereLarge(x, StrictMath::cos, sinOfQuadrant(x, 1));
  }

  /** {@code y} with the lanes replaced whose angle is too large for it. */
  private static FloatVector whereLarge(
      FloatVector x, DoubleUnaryOperator function, FloatVector y) {
    VectorMask<Float> large = x.abs().compare(GE, LARGEST_ANGLE);
    return large.anyTrue() ? y.blend(laneByLane(x, function), large) : y;
  }

  /** sin(x + quadrants pi/2). */
  private static FloatVector sinOfQuadrant(FloatVector x, int quadrants) {
    FloatVector shifted = x.fma(all(TWO_OVER_PI), all(ROUND));
    FloatVector n = shifted.sub(ROUND);
    FloatVector r = n.fma(all(-HALF_PI_HIGH), x);
    r = n.fma(all(-HALF_PI_MIDDLE), r);
    r = n.fma(all(-HALF_PI_LOW), r);
    FloatVector z = r.mul(r);
    FloatVector s = z.fma(all(2.7181216e-6f), all(-1.9839313e-4f));
    s = s.fma(z, all(8.333329e-3f));
    s = s.fma(z, all(-1.6666667e-1f));
    s = s.fma(z.mul(r), r);
    FloatVector c = z.fma(all(2.4433157e-5f), all(-1.3887316e-3f));
    c = c.fma(z, all(4.1666646e-2f));
    c = c.fma(z.mul(z), z.fma(all(-0.5f), all(1f)));
    IntVector quadrant = shifted.reinterpretAsInts().add(quadrants);
    FloatVector y = s.blend(c, quadrant.and(1).compare(NE, 0).cast(Lanes.F32));
    return y.blend(y.neg(), quadrant.and(2).compare(NE, 0).cast(Lanes.F32));
  }

  private static FloatVector laneByLane(FloatVector x, DoubleUnaryOperator function) {
    float[] lane = x.toArray();
    for (int i = 0; i < lane.length; i++) {
      lane[i] = (float) function.applyAsDouble(lane[i]);
    }
    return FloatVector.fromArray(Lanes.F32, lane, 0);
  }

  /**
   * GELU in its tanh form, {@code x / (1 + exp(-2u))} with {@code u = sqrt(2/π)(x + 0.044715x³)}:
   * the same number as {@code x (1 + tanh u) / 2} without its cancellation below 0. To 4 ulp above
   * -1; below, the exponent's rounding adds up to {@code 3 |2u|} ulp.
   */
  public static FloatVector gelu(FloatVector x) {
    FloatVector slope = x.mul(x).fma(all(GELU_3), all(GELU_1));
    return x.div(exp(slope.mul(x)).add(1f));
  }

  /** {@code x · sigmoid(x)}, to 4 ulp down to -80. */
  public static FloatVector silu(FloatVector x) {
    return x.div(exp(x.neg()).add(1f));
  }

  private static FloatVector all(float value) {
    return FloatVector.broadcast(Lanes.F32, value);
  }
}
