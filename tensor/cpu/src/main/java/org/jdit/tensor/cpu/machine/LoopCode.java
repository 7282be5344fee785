package org.jdit.tensor.cpu.machine;

import static org.jdit.tensor.cpu.machine.Assembler.Register.RDX;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.ref.Reference;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jdit.tensor.JditException;

/** A loop in pages of its own, which are given back when nothing refers to it any more. */
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

  private final MachineCode code;

  private LoopCode(MachineCode code) {
    this.code = code;
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

  /** The search, done once. */
  private static final class ThisMachine {
    static final Found<Loader> FOUND =
        MachineCode.unavailable()
            .<Found<Loader>>map(why -> new Found.Absent<>(why, false))
            .orElseGet(() -> search(Path.of("/proc/cpuinfo"), LoopCode::load));
  }

  /** {@link VectorLoop#find}. */
  static Found<Loader> find() {
    return Found.<Loader>switched(FmaKernel.PROPERTY, System.getProperty(FmaKernel.PROPERTY))
        .orElseGet(() -> ThisMachine.FOUND);
  }

  /** Looks for the processor that loops need, and tests those of a loader. */
  static Found<Loader> search(Path cpuinfo, Loader loader) {
    return Found.search(
        "AVX-512 machine code of loops",
        List.of("avx512f", "avx512dq"),
        cpuinfo,
        () -> loader,
        SelfTest::failure);
  }

  private static Optional<VectorLoop> load(LoopWriter loop) {
    if (LOADED.failure != null) {
      throw LOADED.failure;
    }
    return loop.code().map(bytes -> new LoopCode(MachineCode.load(bytes, Arena.ofAuto())));
  }

  @Override
  public void run(long[] addresses, float[] array, int steps) {
    try {
      LOADED.jump.invokeExact(
          MemorySegment.ofArray(addresses),
          steps * VECTOR,
          code.address(),
          MemorySegment.ofArray(array));
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError("machine code throws nothing", e);
    } finally {
      Reference.reachabilityFence(this);
    }
  }
}
