package org.jdit.tensor.cpu.machine;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import org.jdit.tensor.JditException;

/**
 * What became of the attempt to load the machine code of a {@link TileKernel}; one of the two is
 * null. Its kernel holds it as a constant, because a call of a handle that is none costs as much as
 * a small product.
 *
 * @param function the code
 * @param failure why there is none
 */
record TileFunction(MethodHandle function, JditException failure) {
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
    try {
      MachineCode loaded = MachineCode.load(code, Arena.global());
      permission.run();
      return new TileFunction(loaded.critical(entry, TYPE), null);
    } catch (JditException e) {
      return new TileFunction(null, e);
    }
  }

  /**
   * Makes sure that there is a function.
   *
   * @throws JditException if the system allows no machine code, or not what this needs
   */
  void check() {
    if (failure != null) {
      throw failure;
    }
  }

  /** {@link TileKernel#multiply}. */
  void multiply(long a, long b, float[] c, int steps, boolean accumulate) {
    try {
      function.invokeExact(a, b, MemorySegment.ofArray(c), (long) steps, accumulate ? 1L : 0L);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError("machine code throws nothing", e);
    }
  }
}
