package org.jdit.tensor.cpu.machine;

import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.jdit.tensor.JditException;

/**
 * The part of a processor that multiplies matrices of bfloat16 and adds up in float32: the tiles of
 * AMX, or else the instructions of AVX512-BF16. Safe for use by several threads.
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

  /** What may be there, the fastest first. */
  enum Kind {
    /** Some 15 times as fast as float32 vectors. */
    AMX("AMX with bfloat16"),

    /** Twice as fast as float32 vectors. */
    AVX512("AVX512-BF16");

    private final String description;

    Kind(String description) {
      this.description = description;
    }

    private List<String> needed() {
      return switch (this) {
        case AMX -> List.of("amx_tile", "amx_bf16");
        case AVX512 -> List.of("avx512f", "avx512_bf16");
      };
    }

    private TileKernel load() {
      return switch (this) {
        case AMX -> AmxKernel.load();
        case AVX512 -> DotKernel.load();
      };
    }
  }

  private final Kind kind;
  private final TileKernel kernel;

  MatrixUnit(Kind kind, TileKernel kernel) {
    this.kind = kind;
    this.kernel = kernel;
  }

  /** The search, done once. */
  private static final class ThisMachine {
    static final Found<MatrixUnit> FOUND =
        MachineCode.unavailable()
            .<Found<MatrixUnit>>map(why -> new Found.Absent<>(why, false))
            .orElseGet(() -> search(Path.of("/proc/cpuinfo"), Kind::load));
  }

  /**
   * Looks for the matrix unit of this machine. The first time, this compares its results with plain
   * Java's.
   *
   * @throws JditException if {@value #PROPERTY} is set, but not to {@code off}
   */
  public static Found<MatrixUnit> find() {
    return Found.<MatrixUnit>switched(PROPERTY, System.getProperty(PROPERTY))
        .orElseGet(() -> ThisMachine.FOUND);
  }

  /** Looks for the first kind that is there, or broken, of those that {@code load} makes. */
  static Found<MatrixUnit> search(Path cpuinfo, Function<Kind, TileKernel> load) {
    Set<String> reasons = new LinkedHashSet<>();
    for (Kind kind : Kind.values()) {
      Found<MatrixUnit> found = search(kind, cpuinfo, load);
      if (!(found instanceof Found.Absent<MatrixUnit>(String reason, boolean broken)) || broken) {
        return found;
      }
      reasons.add(reason.replaceFirst("\\.$", ""));
    }
    return new Found.Absent<>(String.join(", ", reasons), false);
  }

  private static Found<MatrixUnit> search(
      Kind kind, Path cpuinfo, Function<Kind, TileKernel> load) {
    return Found.search(
        kind.description,
        kind.needed(),
        cpuinfo,
        () -> new MatrixUnit(kind, load.apply(kind)),
        unit -> SelfTest.failure(unit.kernel));
  }

  /** Whether {@link #multiplySplit} is faster than a product of float32 vectors. */
  public boolean splitsFast() {
    return kind == Kind.AMX;
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
   * <p>The garbage collector waits for the call: some 25 to 45 ns for each step on tiles, 300 ns
   * without.
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
