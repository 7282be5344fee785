package org.jdit.tensor.cpu.machine;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jdit.tensor.JditException;

/**
 * The machine code of a {@link TileKernel}.
 *
 * @param code the function, if there is one
 */
record TileFunction(CriticalFunction code) {
  /** {@code (a, b, c, steps, accumulate)}: rdi, rsi, rdx, rcx and r8. */
  private static final FunctionDescriptor TYPE =
      FunctionDescriptor.ofVoid(
          ValueLayout.JAVA_LONG,
          ValueLayout.JAVA_LONG,
          ValueLayout.ADDRESS,
          ValueLayout.JAVA_LONG,
          ValueLayout.JAVA_LONG);

  /**
   * Loads code.
   *
   * @param entry where its first instruction is
   * @param permission asks the system for what else the code needs
   */
  static TileFunction load(byte[] code, int entry, Runnable permission) {
    return new TileFunction(CriticalFunction.load(code, entry, TYPE, permission));
  }

  /**
   * Makes sure that there is a function.
   *
   * @throws JditException if the system allows no machine code, or not what this needs
   */
  void check() {
    code.check();
  }

  /** {@link TileKernel#multiply}. */
  void multiply(long a, long b, float[] c, int steps, boolean accumulate) {
    try {
      code.handle().invokeExact(a, b, MemorySegment.ofArray(c), (long) steps, accumulate ? 1L : 0L);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError("machine code throws nothing", e);
    }
  }
}
