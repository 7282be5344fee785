package org.jdit.tensor.cpu.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import org.jdit.tensor.JditException;
import org.junit.jupiter.api.Test;

/** The kernel that was run under an emulator, see {@link KernelDump}, is the one that is made. */
class AmxKernelTest {
  /** A hand-written listing of the kernel, assembled by GNU as 2.40. */
  private static final String CODE =
      """
      0100000000000000000000000000000040004000400040004000400040004000
      0000000000000000000000000000000010101010101010100000000000000000
      c4e2784905b7ffffff49c7c14000000049c7c2800000004d85c00f8519000000
      c4e27b49c0c4e27b49c8c4e27b49d0c4e27b49d8e921000000c4a27b4b0412c4
      a27b4b4c1240c4a27b4b941200080000c4a27b4b9c12400800004885c90f8448
      000000c4a27b4b3416c4a27b4b240fc4e24a5cc4c4a27b4b7c1640c4e2425ccc
      c4a27b4bac0f00040000c4e24a5cd5c4e2425cdd4881c7000800004881c60008
      000048ffc90f85b8ffffffc4a27a4b0412c4a27a4b4c1240c4a27a4b94120008
      0000c4a27a4b9c1240080000c4e27849c0c3
      """;

  @Test
  void theKernelIsTheListing() {
    assertThat(HexFormat.of().formatHex(AmxKernel.code())).isEqualTo(CODE.replace("\n", ""));
    assertThat(AmxKernel.ENTRY).isEqualTo(64);
  }

  /** Asking for tiles where there are none is answered in words, by a real system call. */
  @Test
  void aProcessorWithoutTilesIsRefusedThem() throws IOException {
    assumeThat(MachineCode.unavailable()).isEmpty();
    assumeThat(Files.readString(Path.of("/proc/cpuinfo"))).doesNotContain("amx_tile");
    assertThatThrownBy(AmxKernel::load)
        .isInstanceOf(JditException.class)
        .hasMessageMatching("the system refuses the use of AMX tiles \\(error \\d+\\)\\.");
  }
}
