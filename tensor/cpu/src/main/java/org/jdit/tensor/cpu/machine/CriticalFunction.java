package org.jdit.tensor.cpu.machine;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.invoke.MethodHandle;
import org.jdit.tensor.JditException;

/**
 * What became of the attempt to load a {@link MachineCode#critical} function for good; one of the
 * two is null. Kernels hold it as a constant, because a call of a handle that is none costs as much
 * as a small product.
 *
 * @param handle the function
 * @param failure why there is none
 */
record CriticalFunction(MethodHandle handle, JditException failure) {
  /** Loads code whose first instruction is the function's. */
  static CriticalFunction load(byte[] code, FunctionDescriptor type) {
    return load(code, 0, type, () -> {});
  }

  /**
   * Loads code.
   *
   * @param entry where the function's first instruction is
   * @param permission asks the system for what else the code needs
   */
  static CriticalFunction load(
      byte[] code, int entry, FunctionDescriptor type, Runnable permission) {
    try {
      MachineCode loaded = MachineCode.load(code, Arena.global());
      permission.run();
      return new CriticalFunction(loaded.critical(entry, type), null);
    } catch (JditException e) {
      return new CriticalFunction(null, e);
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
}
