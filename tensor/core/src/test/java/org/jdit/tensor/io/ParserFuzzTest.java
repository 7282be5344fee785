package org.jdit.tensor.io;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.function.BiConsumer;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.memory.TensorScope;
import org.junit.jupiter.api.Test;

/**
 * Whatever bytes a parser gets, it reads them or throws {@link JditException}; and what a file says
 * of its own size never makes the parser allocate more than the file can hold.
 */
class ParserFuzzTest {
  private static final int INPUTS = 100_000;
  private static final int BATCH = 1_000;
  private static final long[] EXTREMES = {
    0, 1, 2, 0x7f, 0xff, 0xffff, 0x7fffffffL, 0xffffffffL, -1, Long.MAX_VALUE, Long.MIN_VALUE
  };
  private static final List<String> TOKENS =
      List.of("{", "}", "[", "]", "\"", "'", ",", ":", "-", "9999999999", "(", ")", "NaN", "1e9");

  /**
   * Opening takes a few buffers whose size is fixed, the largest of them 64 KiB; the inputs are
   * smaller than 4 KiB.
   */
  private static final long MOST_ALLOCATED = 512 << 10;

  @Test
  void safetensors() {
    fuzz(
        1,
        Resources.bytes("official.safetensors"),
        (bytes, scope) -> readSmallest(Safetensors.open(file(bytes)), scope));
  }

  @Test
  void safetensorsIndex() {
    String index =
        """
        {"metadata": {"total_size": 40, "by": ["x", null, true, 1.5e3]},
         "weight_map": {"a.weight": "model-1.safetensors", "\\u00fc": "model-2.safetensors"}}
        """;
    fuzz(
        6,
        index.getBytes(StandardCharsets.UTF_8),
        (bytes, _) -> assertThat(Safetensors.weightMap(file(bytes))).isNotEmpty());
  }

  @Test
  void npy() {
    fuzz(
        2, Resources.bytes("version1.npy"), (bytes, scope) -> readAll(Npy.map(file(bytes), scope)));
  }

  @Test
  void npz() {
    fuzz(
        3,
        Resources.bytes("numpy.npz"),
        (bytes, scope) -> readSmallest(Npz.open(file(bytes)), scope));
  }

  @Test
  void compressedNpz() {
    fuzz(
        4,
        Resources.bytes("numpy_compressed.npz"),
        (bytes, scope) -> readSmallest(Npz.open(file(bytes)), scope));
  }

  @Test
  void zip() {
    fuzz(
        5,
        Resources.bytes("torch.pt"),
        (bytes, _) -> {
          try (ZipDirectory zip = ZipDirectory.open(file(bytes))) {
            for (ZipDirectory.Entry e : zip.entries().values()) {
              try (InputStream in = zip.stream(e)) {
                in.skipNBytes(e.size());
              }
            }
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        });
  }

  private static Mappable file(byte[] bytes) {
    return Resources.memory(bytes);
  }

  /** The smallest tensor: the parsers are the point, not the conversion of many numbers. */
  private static void readSmallest(TensorFile file, TensorScope scope) {
    try (file) {
      file.tensors().entrySet().stream()
          .min(Comparator.comparingLong(e -> e.getValue().bytes()))
          .ifPresent(e -> readAll(file.map(e.getKey(), scope)));
    }
  }

  private static void readAll(Tensor tensor) {
    assertThat(tensor.toDoubles().length).isEqualTo(tensor.shape().numel());
  }

  private static void fuzz(long seed, byte[] whole, BiConsumer<byte[], TensorScope> parser) {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long thread = Thread.currentThread().threadId();
    Random random = new Random(seed);
    int refused = 0;
    for (int batch = 0; batch < INPUTS / BATCH; batch++) {
      try (TensorScope scope = TensorScope.open(new Memory())) {
        parser.accept(whole, scope);
        for (int i = 0; i < BATCH; i++) {
          byte[] input = mutated(whole, random);
          long before = threads.getThreadAllocatedBytes(thread);
          try {
            parser.accept(input, scope);
          } catch (JditException e) {
            refused++;
          } catch (RuntimeException | Error e) {
            throw new AssertionError("input %d of batch %d".formatted(i, batch), e);
          }
          assertThat(threads.getThreadAllocatedBytes(thread) - before)
              .as("bytes allocated for input %d of batch %d", i, batch)
              .isLessThan(MOST_ALLOCATED);
        }
      }
    }
    // Some mutations must be harmless and some not, or the inputs prove nothing.
    assertThat(refused).isBetween(INPUTS / 10, INPUTS - 1);
  }

  private static byte[] mutated(byte[] whole, Random random) {
    byte[] bytes = whole.clone();
    for (int n = 1 + random.nextInt(3); n > 0; n--) {
      int at = random.nextInt(bytes.length);
      bytes =
          switch (random.nextInt(7)) {
            case 0 -> Resources.patched(bytes, at, 1, random.nextInt(256));
            case 1 -> Resources.patched(bytes, at, 1, bytes[at] ^ (1 << random.nextInt(8)));
            case 2 -> {
              int width = Math.min(1 << random.nextInt(4), bytes.length - at);
              yield Resources.patched(bytes, at, width, EXTREMES[random.nextInt(EXTREMES.length)]);
            }
            case 3 -> Arrays.copyOf(bytes, Math.max(1, at));
            case 4 -> spliced(bytes, at, 0, TOKENS.get(random.nextInt(TOKENS.size())));
            case 5 -> spliced(bytes, at, random.nextInt(16), "");
            default -> {
              int from = random.nextInt(bytes.length);
              int length = Math.min(random.nextInt(64), bytes.length - Math.max(at, from));
              System.arraycopy(bytes.clone(), from, bytes, at, length);
              yield bytes;
            }
          };
    }
    return bytes;
  }

  /** {@code remove} bytes at {@code at} replaced by text. */
  private static byte[] spliced(byte[] bytes, int at, int remove, String text) {
    byte[] insert = text.getBytes(StandardCharsets.US_ASCII);
    int tail = Math.min(bytes.length, at + remove);
    byte[] result = Arrays.copyOf(bytes, Math.max(1, at + insert.length + bytes.length - tail));
    System.arraycopy(insert, 0, result, at, Math.min(insert.length, result.length - at));
    System.arraycopy(bytes, tail, result, at + insert.length, bytes.length - tail);
    return result;
  }
}
