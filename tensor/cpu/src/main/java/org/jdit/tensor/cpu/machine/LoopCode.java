package org.jdit.tensor.cpu.machine;

import static org.jdit.tensor.cpu.machine.Assembler.Register.RDX;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;
import org.jdit.tensor.JditException;

/** A loop in pages of its own. */
final class LoopCode implements VectorLoop {
  /** {@code (addresses, bytes, code, array)}: rdi, rsi, rdx and rcx. */
  private static final FunctionDescriptor TYPE =
      FunctionDescriptor.ofVoid(
          ValueLayout.ADDRESS, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.ADDRESS);

  private static final long VECTOR = 64;

  /** Jumps to a loop: one function for all of them, since only it can be a constant. */
  private static final CriticalFunction JUMP = CriticalFunction.load(jump(), TYPE);

  private final long address;

  private LoopCode(long address) {
    this.address = address;
  }

  private static byte[] jump() {
    Assembler asm = new Assembler();
    asm.jmp(RDX);
    return asm.bytes();
  }

  /**
   * What makes loops.
   *
   * @throws JditException if the system allows no machine code
   */
  static Loader loader() {
    JUMP.check();
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
      JUMP.handle()
          .invokeExact(
              MemorySegment.ofArray(addresses),
              steps * VECTOR,
              address,
              MemorySegment.ofArray(array));
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError("machine code throws nothing", e);
    }
  }
}
