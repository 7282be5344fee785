package org.jdit.tensor.cpu.machine;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Arrays;
import org.jdit.tensor.JditException;

/**
 * The system calls that machine code needs, with the numbers of Linux on x86-64 (mmap(2),
 * mprotect(2), arch_prctl(2) and the kernel's Documentation/arch/x86/xstate.rst). Load this class
 * nowhere else.
 */
@SuppressWarnings("restricted")
final class Libc {
  private static final int READ = 1;
  private static final int WRITE = 2;
  private static final int EXECUTE = 4;
  private static final int PRIVATE_ANONYMOUS = 0x22;
  private static final long FAILED = -1;

  private static final long ARCH_PRCTL = 158;
  private static final long REQUEST_PERMISSION = 0x1023;
  private static final long TILE_DATA = 18;

  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
  private static final StructLayout ERRNO = Linker.Option.captureStateLayout();
  private static final long ERRNO_AT =
      ERRNO.byteOffset(MemoryLayout.PathElement.groupElement("errno"));

  private static final MethodHandle MMAP =
      handle("mmap", FunctionDescriptor.of(LONG, LONG, LONG, INT, INT, INT, LONG));
  private static final MethodHandle MPROTECT =
      handle("mprotect", FunctionDescriptor.of(INT, LONG, LONG, INT));
  private static final MethodHandle MUNMAP =
      handle("munmap", FunctionDescriptor.of(INT, LONG, LONG));
  private static final MethodHandle SYSCALL =
      handle(
          "syscall",
          FunctionDescriptor.of(LONG, LONG, LONG, LONG),
          Linker.Option.firstVariadicArg(1));

  private Libc() {}

  private static MethodHandle handle(
      String name, FunctionDescriptor type, Linker.Option... options) {
    Linker linker = Linker.nativeLinker();
    Linker.Option[] all = Arrays.copyOf(options, options.length + 1);
    all[options.length] = Linker.Option.captureCallState("errno");
    return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), type, all);
  }

  /** A call that returns -1 if it fails, given where the reason goes. */
  @FunctionalInterface
  private interface Call {
    long invoke(MemorySegment errno) throws Throwable;
  }

  private static long call(String what, Call call) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(ERRNO);
      long result = call.invoke(state);
      if (result == FAILED) {
        throw new JditException(
            "the system refuses %s (error %d).".formatted(what, state.get(INT, ERRNO_AT)));
      }
      return result;
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError("a call of the C library throws nothing", e);
    }
  }

  /**
   * New pages that can be read and written, given back when the arena is closed.
   *
   * @throws JditException if the system has none
   */
  static MemorySegment map(long bytes, Arena arena) {
    long address =
        call(
            bytes + " bytes of memory",
            errno ->
                (long)
                    MMAP.invokeExact(
                        errno, 0L, bytes, READ | WRITE, PRIVATE_ANONYMOUS, (int) FAILED, 0L));
    return MemorySegment.ofAddress(address).reinterpret(bytes, arena, Libc::unmap);
  }

  private static void unmap(MemorySegment pages) {
    call(
        "to take memory back",
        errno -> (int) MUNMAP.invokeExact(errno, pages.address(), pages.byteSize()));
  }

  /**
   * Lets pages be executed, and no longer be written.
   *
   * @throws JditException if the system does not allow it
   */
  static void makeExecutable(MemorySegment pages) {
    call(
        "to execute code that Java has written",
        errno ->
            (int) MPROTECT.invokeExact(errno, pages.address(), pages.byteSize(), READ | EXECUTE));
  }

  /**
   * Asks for the use of tile registers, for all threads of this process.
   *
   * @throws JditException if the system does not allow it
   */
  static void requestTiles() {
    call(
        "the use of AMX tiles",
        errno -> (long) SYSCALL.invokeExact(errno, ARCH_PRCTL, REQUEST_PERMISSION, TILE_DATA));
  }
}
