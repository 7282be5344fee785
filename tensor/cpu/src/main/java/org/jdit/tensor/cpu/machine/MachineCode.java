package org.jdit.tensor.cpu.machine;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;
import org.jdit.tensor.JditException;

/**
 * Machine code in memory of its own, which is never writable and executable at once. It is there
 * until its arena is closed; calls of its functions after that throw {@link IllegalStateException}.
 * In the global arena it stays for good, and calls need not ask whether it is still there.
 */
final class MachineCode {
  private static final long PAGE = 4096;

  private final MemorySegment pages;
  private final int length;

  private MachineCode(MemorySegment pages, int length) {
    this.pages = pages;
    this.length = length;
  }

  /** Why this process cannot run machine code of its own; empty if it can. */
  static Optional<String> unavailable() {
    return unavailable(
        System.getProperty("os.name"),
        System.getProperty("os.arch"),
        MachineCode.class.getModule().isNativeAccessEnabled());
  }

  static Optional<String> unavailable(String system, String architecture, boolean nativeAccess) {
    if (!system.equals("Linux") || !architecture.equals("amd64")) {
      return Optional.of(
          "there is machine code for Linux on amd64 only, not for %s on %s"
              .formatted(system, architecture));
    }
    return nativeAccess
        ? Optional.empty()
        : Optional.of("Java was started without --enable-native-access=ALL-UNNAMED");
  }

  /**
   * Copies code to executable memory.
   *
   * @param code instructions that work at any address
   * @param arena how long they stay
   * @throws JditException if {@link #unavailable} says why, or the system does not allow it
   */
  static MachineCode load(byte[] code, Arena arena) {
    unavailable()
        .ifPresent(
            why -> {
              throw new JditException(why);
            });
    MemorySegment pages = Libc.map(Math.ceilDiv(code.length, PAGE) * PAGE, arena);
    MemorySegment.copy(code, 0, pages, ValueLayout.JAVA_BYTE, 0, code.length);
    Libc.makeExecutable(pages);
    return new MachineCode(pages, code.length);
  }

  /** Where the code begins, as long as its arena is open. */
  long address() {
    return pages.address();
  }

  /** The function that begins at an offset, with the C calling convention of the system. */
  MethodHandle function(int offset, FunctionDescriptor type) {
    return link(offset, type);
  }

  /**
   * As {@link #function}, for functions that end within microseconds: the garbage collector waits
   * for them, so that a call costs next to nothing and may be given arrays on the heap.
   */
  MethodHandle critical(int offset, FunctionDescriptor type) {
    return link(offset, type, Linker.Option.critical(true));
  }

  @SuppressWarnings("restricted")
  private MethodHandle link(int offset, FunctionDescriptor type, Linker.Option... options) {
    if (offset < 0 || offset >= length) {
      throw new IllegalArgumentException("no code at offset " + offset);
    }
    return Linker.nativeLinker().downcallHandle(pages.asSlice(offset), type, options);
  }
}
