package org.jdit.weights;

import static org.assertj.core.api.Assertions.fail;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import org.jdit.tensor.JditException;

/** Feeds a parser with damaged copies of good files, the same ones in every run. */
public final class Mutations {
  // An exception with its trace takes some kilobytes, an inflater 64 KiB and more.
  private static final long FIXED_ALLOWANCE = 1 << 20;
  // The most that one byte of a pickle can become is an empty Dict with its map.
  private static final long ALLOWANCE_PER_BYTE = 512;
  // The first inputs load classes, which counts as allocation too.
  private static final int WARM_UP = 1_000;
  private static final byte[] TELLING = {
    0, 1, 2, 0x7f, (byte) 0x80, (byte) 0xff, '.', '(', 't', 'R'
  };

  private Mutations() {}

  /**
   * Parses {@code count} damaged files.
   *
   * @param parse reads a file to its end; may throw {@link JditException} and nothing else, and
   *     allocate no more than in proportion to the file
   * @return how many were read all the same
   */
  public static int run(long seed, int count, List<byte[]> good, Consumer<byte[]> parse) {
    ThreadMXBean thread = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    Random random = new Random(seed);
    int read = 0;
    for (int i = 0; i < count; i++) {
      byte[] file = mutate(good.get(random.nextInt(good.size())), random);
      long before = thread.getCurrentThreadAllocatedBytes();
      try {
        parse.accept(file);
        read++;
      } catch (JditException e) {
        // The one failure that is allowed.
      } catch (RuntimeException | StackOverflowError | OutOfMemoryError e) {
        fail("input %d: %s".formatted(i, HexFormat.of().formatHex(file)), e);
      }
      long allocated = thread.getCurrentThreadAllocatedBytes() - before;
      if (i >= WARM_UP && allocated > FIXED_ALLOWANCE + ALLOWANCE_PER_BYTE * file.length) {
        fail("input %d of %d bytes took %d bytes of heap".formatted(i, file.length, allocated));
      }
    }
    return read;
  }

  private static byte[] mutate(byte[] good, Random random) {
    byte[] b = good.clone();
    int changes = 1 + random.nextInt(4);
    for (int i = 0; i < changes && b.length > 1; i++) {
      int at = random.nextInt(b.length);
      switch (random.nextInt(6)) {
        case 0 -> b[at] = (byte) random.nextInt(256);
        case 1 -> b[at] = TELLING[random.nextInt(TELLING.length)];
        case 2 -> b[at] ^= (byte) (1 << random.nextInt(8));
        case 3 -> b = Arrays.copyOf(b, at);
        case 4 -> b = without(b, at, Math.min(b.length, at + 1 + random.nextInt(8)));
        default -> {
          int length = Math.min(1 + random.nextInt(16), b.length - at);
          System.arraycopy(b.clone(), random.nextInt(b.length - length + 1), b, at, length);
        }
      }
    }
    return b;
  }

  private static byte[] without(byte[] b, int from, int to) {
    byte[] shorter = Arrays.copyOf(b, b.length - (to - from));
    System.arraycopy(b, to, shorter, from, b.length - to);
    return shorter;
  }
}
