package org.jdit.tensor.tornado.kernel;

import java.util.List;
import org.jdit.tensor.op.Attention;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Attention without the matrix of scores. A group of 64 threads takes 16 queries of a head and goes
 * over the keys 16 at a time, which it brings to local memory with their values (26 KiB in all).
 * Four threads share a query: each scores every fourth key, and sums every fourth element of the
 * result in registers, scaled anew whenever a larger score turns up (online softmax).
 */
public final class AttentionKernel {
  /** The largest head that local memory has room for. */
  public static final int LARGEST_HEAD = 128;

  private static final int THREADS = 64;

  /** Queries of a group, and keys in local memory at a time. */
  private static final int TILE = 16;

  /** Threads that share a query. */
  private static final int SHARE = 4;

  /** Distance of rows in local memory, odd so that they start in different banks. */
  private static final int PITCH = LARGEST_HEAD + 1;

  private AttentionKernel() {}

  /**
   * {@code softmax(scale · q kᵀ) v} and the logarithm of the sum of the exponentials.
   *
   * @param q {@code [B, H, T, D]} of any layout, D at most {@link #LARGEST_HEAD}
   * @param k {@code [B, H, S, D]} of any layout
   * @param v {@code [B, H, S, D]} of any layout
   * @param out {@code [B, H, T, D]} of any layout, not empty
   * @param lse {@code [B, H, T]}, contiguous
   */
  public static Launch of(
      Frame f, Attention op, Operand q, Operand k, Operand v, Operand out, Operand lse) {
    int heads = q.shape().dim(1);
    int queries = q.shape().dim(2);
    int keys = k.shape().dim(2);
    int width = q.shape().dim(3);
    IntArray places = places(f, q, k, v, out);
    return new Launch(
        "attention",
        Frame.groups(Math.ceilDiv(queries, TILE), q.shape().dim(0) * heads, THREADS),
        List.of(f.iteration(), q.array(), k.array(), v.array(), out.array(), lse.array(), places),
        (graph, id) ->
            graph.task(
                id,
                AttentionKernel::attention,
                f.context(),
                f.iteration(),
                q.floats(),
                k.floats(),
                v.floats(),
                out.floats(),
                lse.floats(),
                places,
                heads,
                queries,
                keys,
                width,
                Math.ceilDiv(width, SHARE),
                lse.offset(),
                (float) op.scale()));
  }

  /** Six numbers for each operand: offset, step and strides. */
  private static IntArray places(Frame f, Operand... operands) {
    int[] places = new int[6 * operands.length];
    for (int i = 0; i < operands.length; i++) {
      places[6 * i] = operands[i].offset();
      places[6 * i + 1] = operands[i].step();
      for (int axis = 0; axis < 4; axis++) {
        places[6 * i + 2 + axis] = operands[i].stride(axis);
      }
    }
    return f.tables().of(places);
  }

  /** Where a head of an operand begins. */
  private static int head(IntArray places, int operand, int iteration, int image, int head) {
    return places.get(6 * operand)
        + iteration * places.get(6 * operand + 1)
        + image * places.get(6 * operand + 2)
        + head * places.get(6 * operand + 3);
  }

  static void attention(
      KernelContext context,
      IntArray iteration,
      FloatArray q,
      FloatArray k,
      FloatArray v,
      FloatArray out,
      FloatArray lse,
      IntArray places,
      int heads,
      int queries,
      int keys,
      int width,
      int slice,
      int atLse,
      float scale) {
    float[] tileQ = context.allocateFloatLocalArray(TILE * PITCH);
    float[] tileK = context.allocateFloatLocalArray(TILE * PITCH);
    float[] tileV = context.allocateFloatLocalArray(TILE * PITCH);
    float[] weights = context.allocateFloatLocalArray(TILE * TILE);
    float[] sums = new float[LARGEST_HEAD / SHARE];
    int thread = context.localIdx;
    int row = thread / SHARE;
    int part = thread % SHARE;
    int image = context.groupIdy / heads;
    int head = context.groupIdy % heads;
    int first = context.groupIdx * TILE;
    int i = iteration.get(0);
    int atQ = head(places, 0, i, image, head);
    int atK = head(places, 1, i, image, head);
    int atV = head(places, 2, i, image, head);
    for (int e = thread; e < TILE * width; e += THREADS) {
      int t = e / width;
      int d = e % width;
      float element = 0f;
      if (first + t < queries) {
        element = q.get(atQ + (first + t) * places.get(4) + d * places.get(5));
      }
      tileQ[t * PITCH + d] = element;
    }
    for (int d = 0; d < slice; d++) {
      sums[d] = 0f;
    }
    float largest = Float.NEGATIVE_INFINITY;
    float sum = 0f;
    for (int key = 0; key < keys; key += TILE) {
      for (int e = thread; e < TILE * width; e += THREADS) {
        int s = e / width;
        int d = e % width;
        float elementK = 0f;
        float elementV = 0f;
        if (key + s < keys) {
          elementK = k.get(atK + (key + s) * places.get(10) + d * places.get(11));
          elementV = v.get(atV + (key + s) * places.get(16) + d * places.get(17));
        }
        tileK[s * PITCH + d] = elementK;
        tileV[s * PITCH + d] = elementV;
      }
      context.localBarrier();
      float s0 = 0f;
      float s1 = 0f;
      float s2 = 0f;
      float s3 = 0f;
      for (int d = 0; d < width; d++) {
        float x = tileQ[row * PITCH + d];
        s0 += x * tileK[part * PITCH + d];
        s1 += x * tileK[(part + 4) * PITCH + d];
        s2 += x * tileK[(part + 8) * PITCH + d];
        s3 += x * tileK[(part + 12) * PITCH + d];
      }
      // Keys beyond the last have weight 0.
      s0 = key + part < keys ? s0 * scale : Float.NEGATIVE_INFINITY;
      s1 = key + part + 4 < keys ? s1 * scale : Float.NEGATIVE_INFINITY;
      s2 = key + part + 8 < keys ? s2 * scale : Float.NEGATIVE_INFINITY;
      s3 = key + part + 12 < keys ? s3 * scale : Float.NEGATIVE_INFINITY;
      weights[row * TILE + part] = s0;
      weights[row * TILE + part + 4] = s1;
      weights[row * TILE + part + 8] = s2;
      weights[row * TILE + part + 12] = s3;
      context.localBarrier();
      float before = largest;
      for (int s = 0; s < TILE; s++) {
        largest = Group.larger(largest, weights[row * TILE + s]);
      }
      // Without any finite score so far, nothing is subtracted: infinity minus itself is NaN.
      float pivot = largest == Float.NEGATIVE_INFINITY ? 0f : largest;
      float shrink = TornadoMath.exp(before - pivot);
      context.localBarrier();
      weights[row * TILE + part] = TornadoMath.exp(s0 - pivot);
      weights[row * TILE + part + 4] = TornadoMath.exp(s1 - pivot);
      weights[row * TILE + part + 8] = TornadoMath.exp(s2 - pivot);
      weights[row * TILE + part + 12] = TornadoMath.exp(s3 - pivot);
      context.localBarrier();
      sum = sum * shrink;
      for (int s = 0; s < TILE; s++) {
        sum += weights[row * TILE + s];
      }
      for (int d = 0; d < slice; d++) {
        float element = sums[d] * shrink;
        for (int s = 0; s < TILE; s++) {
          element += weights[row * TILE + s] * tileV[s * PITCH + part + d * SHARE];
        }
        sums[d] = element;
      }
      context.localBarrier();
    }
    if (first + row < queries) {
      int atOut = head(places, 3, 0, image, head) + (first + row) * places.get(22);
      for (int d = 0; d < slice; d++) {
        int column = part + d * SHARE;
        if (column < width) {
          out.set(atOut + column * places.get(23), sums[d] / sum);
        }
      }
      if (part == 0) {
        int atRow = atLse + context.groupIdy * queries + first + row;
        lse.set(atRow, largest + TornadoMath.log(sum));
      }
    }
  }
}
