package org.jdit.tensor.cpu.machine;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.jdit.tensor.JditException;

/**
 * What there is in AVX-512 machine code for float32, to the bit what the Vector API gives, but as
 * fast from the first call on as C2's code after a while, if not faster.
 *
 * @param products the blocks of matrix products
 * @param transposes rows that become columns
 * @param loops what is done to one vector after the other
 */
public record FloatCode(BlockKernel products, TransposeKernel transposes, VectorLoop.Loader loops) {
  /** Name of the system property that switches the code off, with the value {@code off}. */
  public static final String PROPERTY = "jdit.vector.code";

  /** The search, done once. */
  private static final class ThisMachine {
    static final Found<FloatCode> FOUND =
        MachineCode.unavailable()
            .<Found<FloatCode>>map(why -> new Found.Absent<>(why, false))
            .orElseGet(() -> search(Path.of("/proc/cpuinfo"), FloatCode::load));
  }

  /**
   * Looks for the code of this machine. The first time, this compares its results with plain
   * Java's.
   *
   * @throws JditException if {@value #PROPERTY} is set, but not to {@code off}
   */
  public static Found<FloatCode> find() {
    return Found.<FloatCode>switched(PROPERTY, System.getProperty(PROPERTY))
        .orElseGet(() -> ThisMachine.FOUND);
  }

  /** Looks for the processor that the code needs, and tests what {@code load} gives. */
  static Found<FloatCode> search(Path cpuinfo, Supplier<FloatCode> load) {
    return Found.search(
        "AVX-512 machine code", List.of("avx512f", "avx512dq"), cpuinfo, load, FloatCode::failure);
  }

  private static FloatCode load() {
    return new FloatCode(FmaKernel.load(), TransposeCode.load(), LoopCode.loader());
  }

  private static Optional<String> failure(FloatCode code) {
    return SelfTest.failure(code.products)
        .or(() -> SelfTest.failure(code.transposes))
        .or(() -> SelfTest.failure(code.loops));
  }
}
