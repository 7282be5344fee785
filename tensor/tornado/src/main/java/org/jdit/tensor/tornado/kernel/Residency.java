package org.jdit.tensor.tornado.kernel;

import java.util.ArrayList;
import java.util.List;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.LongArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * Tasks that do no more than name arrays: a task graph copies an array to the device, where other
 * graphs find it, only if one of its tasks reads it.
 */
public final class Residency {
  private static final int AT_ONCE = 8;

  private Residency() {}

  /**
   * Tasks that read all of these arrays.
   *
   * @param sink an array that they may write to
   */
  public static List<Launch> of(
      KernelContext context, Iterable<TornadoNativeArray> arrays, IntArray sink) {
    List<FloatArray> floats = new ArrayList<>();
    List<Launch> launches = new ArrayList<>();
    for (TornadoNativeArray array : arrays) {
      switch (array) {
        case FloatArray x -> floats.add(x);
        case LongArray x ->
            launches.add(
                new Launch(
                    "readLongs",
                    Frame.independent(1),
                    List.of(x, sink),
                    (g, id) -> g.task(id, Residency::readLongs, context, x, sink)));
        case ByteArray x ->
            launches.add(
                new Launch(
                    "readBytes",
                    Frame.independent(1),
                    List.of(x, sink),
                    (g, id) -> g.task(id, Residency::readBytes, context, x, sink)));
        default -> throw new IllegalArgumentException("no resident arrays of " + array.getClass());
      }
    }
    for (int i = 0; i < floats.size(); i += AT_ONCE) {
      FloatArray[] x = new FloatArray[AT_ONCE];
      for (int j = 0; j < AT_ONCE; j++) {
        x[j] = floats.get(Math.min(i + j, floats.size() - 1));
      }
      launches.add(
          new Launch(
              "readFloats",
              Frame.independent(1),
              List.of(x),
              (g, id) ->
                  g.task(
                      id,
                      Residency::readFloats,
                      context,
                      x[0],
                      x[1],
                      x[2],
                      x[3],
                      x[4],
                      x[5],
                      x[6],
                      x[7],
                      sink)));
    }
    return launches;
  }

  static void readLongs(KernelContext context, LongArray x, IntArray sink) {
    if (context.globalIdx < 1) {
      sink.set(0, (int) x.get(0));
    }
  }

  static void readBytes(KernelContext context, ByteArray x, IntArray sink) {
    if (context.globalIdx < 1) {
      sink.set(0, x.get(0));
    }
  }

  static void readFloats(
      KernelContext context,
      FloatArray x0,
      FloatArray x1,
      FloatArray x2,
      FloatArray x3,
      FloatArray x4,
      FloatArray x5,
      FloatArray x6,
      FloatArray x7,
      IntArray sink) {
    if (context.globalIdx < 1) {
      float a = x0.get(0) + x1.get(0) + x2.get(0) + x3.get(0);
      float b = x4.get(0) + x5.get(0) + x6.get(0) + x7.get(0);
      sink.set(0, a + b > 0 ? 1 : 0);
    }
  }
}
