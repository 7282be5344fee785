package org.jdit.tensor.cpu.machine;

import static org.jdit.tensor.cpu.machine.Assembler.Register.RDX;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;
import org.jdit.tensor.JditException;

/** A loop in pages of its own. */
final class LoopCode implements VectorLoop {
  /** {@code (addresses, bytes, code, array)}: rdi, rsi, rdx and rcx. */
  private static final FunctionDescriptor TYPE =
      FunctionDescriptor.ofVoid(
          ValueLayout.ADDRESS, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.ADDRESS);

  private static final long VECTOR = 64;

  /**
   * The function that jumps to a loop, or why there is none.
   *
   * @param jump one function for all loops, because a call of a handle that is no constant costs as
   *     much as a short loop
   */
  private record Loaded(MethodHandle jump, JditException failure) {}

  private static final Loaded LOADED = tryLoad();

  private final long address;

  private LoopCode(long address) {
    this.address = address;
  }

  private static Loaded tryLoad() {
    Assembler asm = new Assembler();
    asm.jmp(RDX);
    try {
      return new Loaded(MachineCode.load(asm.bytes(), Arena.global()).critical(0, TYPE), null);
    } catch (JditException e) {
      return new Loaded(null, e);
    }
  }

  /**
   * What makes loops.
   *
   * @throws JditException if the system allows no machine code
   */
  static Loader loader() {
    if (LOADED.failure != null) {
      throw LOADED.failure;
    }
    return (loop, arena) -> loop.code().flatMap(bytes -> load(bytes, arena));
  }

  private static Optional<VectorLoop> load(byte[] code, Arena arena) {
    try {
      return Optional.of(new LoopCode(MachineCode.load(code, arena).address()));
    } catch (JditException e) {
      return Optional.empty();
    }
  }

  @Override
  public void run(long[] addresses, float[] array, int steps) {
    try {
      LOADED.jump.invokeExact(
          MemorySegment.ofArray(addresses), steps * VECTOR, address, MemorySegment.ofArray(array));
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError("machine code throws nothing", e);
    }
  }
}
