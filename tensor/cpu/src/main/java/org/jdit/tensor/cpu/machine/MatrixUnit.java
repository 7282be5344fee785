package org.jdit.tensor.cpu.machine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jdit.tensor.JditException;

/**
 * The part of a processor that multiplies matrices of bfloat16 and adds up in float32: AMX on Intel
 * processors. Safe for use by several threads.
 *
 * <p>It reads panels: 32 rows of a left operand, or 32 columns of a right one, in steps of 32 terms
 * and 2048 bytes.
 */
public final class MatrixUnit {
  /** Name of the system property that switches the unit off, with the value {@code off}. */
  public static final String PROPERTY = "jdit.matrix.unit";

  /** Rows and columns of a result: rows of a left panel, columns of a right one. */
  public static final int SIDE = 32;

  /** Terms of a step. */
  public static final int STEP = 32;

  /** Bytes of a step of a panel. */
  public static final int STEP_BYTES = SIDE * STEP * Short.BYTES;

  private static final String OFF = "off";
  private static final List<String> NEEDED = List.of("amx_tile", "amx_bf16");

  private final TileKernel kernel;

  MatrixUnit(TileKernel kernel) {
    this.kernel = kernel;
  }

  /** What a search for a matrix unit comes to. */
  public sealed interface Found {}

  /**
   * There is one, and its results are right.
   *
   * @param unit the unit
   * @param description its name, for a person
   */
  public record Available(MatrixUnit unit, String description) implements Found {}

  /**
   * There is none, or it cannot be used.
   *
   * @param reason why, in words that can follow "no matrix unit:"
   */
  public record Absent(String reason) implements Found {}

  /** The search, done once. */
  private static final class ThisMachine {
    static final Found FOUND =
        MachineCode.unavailable()
            .<Found>map(Absent::new)
            .orElseGet(() -> search(Path.of("/proc/cpuinfo"), AmxKernel::load));
  }

  /**
   * Looks for the matrix unit of this machine. The first time, this compares its results with plain
   * Java's.
   *
   * @throws JditException if {@value #PROPERTY} is set, but not to {@code off}
   */
  public static Found find() {
    return switched(System.getProperty(PROPERTY)).orElseGet(() -> ThisMachine.FOUND);
  }

  static Optional<Found> switched(String setting) {
    if (setting == null) {
      return Optional.empty();
    }
    if (!setting.equals(OFF)) {
      throw new JditException(
          "%s=%s means nothing; give %s, or leave it away.".formatted(PROPERTY, setting, OFF));
    }
    return Optional.of(new Absent("switched off by -D%s=%s".formatted(PROPERTY, OFF)));
  }

  /**
   * Looks for a unit, and tests it.
   *
   * @param cpuinfo what Linux tells of the processor (proc_cpuinfo(5))
   * @param load makes the kernel of a processor that has the unit
   */
  static Found search(Path cpuinfo, Supplier<TileKernel> load) {
    try (Stream<String> lines = Files.lines(cpuinfo)) {
      List<String> flags =
          lines
              .filter(line -> line.startsWith("flags"))
              .limit(1)
              .flatMap(line -> Arrays.stream(line.split("\\s+", -1)))
              .toList();
      if (!flags.containsAll(NEEDED)) {
        return new Absent("the processor has no " + String.join(" and ", NEEDED));
      }
    } catch (IOException e) {
      return new Absent("%s cannot be read: %s".formatted(cpuinfo, e.getMessage()));
    }
    try {
      TileKernel kernel = load.get();
      return SelfTest.failure(kernel)
          .<Found>map(
              what -> new Absent("warning: AMX is there but computes what is wrong: " + what))
          .orElseGet(() -> new Available(new MatrixUnit(kernel), "AMX with bfloat16"));
    } catch (JditException e) {
      return new Absent(e.getMessage());
    }
  }

  /** Bytes of a panel of some steps. */
  public static long bytes(int steps) {
    return (long) steps * STEP_BYTES;
  }

  /**
   * {@code c = A · B}, or {@code c += A · B}. An element of c depends on its row of A and its
   * column of B alone, and is added up step by step: two calls give what one call of all steps
   * gives. Numbers below the smallest normal one count as zero.
   *
   * <p>The garbage collector waits for the call: some 25 to 45 ns for each step.
   *
   * @param a address of 32 rows as {@code [steps][32 rows][32 terms]} of bfloat16
   * @param b address of 32 columns as {@code [steps · 16][32 columns][2 terms]} of bfloat16
   * @param c {@code [32][32]}; what it has beyond is left alone
   * @param steps how many, perhaps none
   * @param accumulate whether to add to c
   * @throws IllegalArgumentException if c is too short or steps is negative
   */
  public void multiply(long a, long b, float[] c, int steps, boolean accumulate) {
    if (c.length < SIDE * SIDE || steps < 0) {
      throw new IllegalArgumentException("%d steps into %d elements".formatted(steps, c.length));
    }
    kernel.multiply(a, b, c, steps, accumulate);
  }

  /**
   * As {@link #multiply}, of operands that are each the sum of two panels: high times high, high
   * times low and low times high. So operands keep 16 bits of precision instead of 8, at the price
   * of three products; an infinite one may give NaN.
   */
  public void multiplySplit(
      long aHigh, long aLow, long bHigh, long bLow, float[] c, int steps, boolean accumulate) {
    multiply(aHigh, bHigh, c, steps, accumulate);
    multiply(aHigh, bLow, c, steps, true);
    multiply(aLow, bHigh, c, steps, true);
  }
}
