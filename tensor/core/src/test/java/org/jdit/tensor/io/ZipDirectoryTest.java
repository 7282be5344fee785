package org.jdit.tensor.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.jdit.tensor.JditException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Zip files are read as far as they are sound; what is not is refused in one sentence. */
class ZipDirectoryTest {
  private static final long NEVER = 0xffffffffL;

  @TempDir Path directory;

  private byte[] small;

  @BeforeEach
  void writeSmallZip() {
    Map<String, byte[]> entries = new LinkedHashMap<>();
    entries.put("a", new byte[] {1, 2, 3});
    entries.put("b", new byte[] {4, 5});
    small = Zips.stored(directory, entries, NEVER);
  }

  @Test
  void readsWhatTorchWrote() throws IOException {
    Path path = Resources.file(directory, "torch.pt");
    try (Arena arena = Arena.ofConfined();
        ZipDirectory zip = ZipDirectory.open(path)) {
      assertThat(zip.source()).isEqualTo(path.toString());
      assertThat(zip.entries().keySet())
          .startsWith("pickle_newer/data.pkl", "pickle_newer/.format_version")
          .contains("pickle_newer/data/0", "pickle_newer/byteorder")
          .hasSize(11);
      ZipDirectory.Entry order = zip.entries().get("pickle_newer/byteorder");
      byte[] mapped = zip.map(order, arena).toArray(ValueLayout.JAVA_BYTE);
      assertThat(new String(mapped, StandardCharsets.US_ASCII)).isEqualTo("little");
      assertThat(zip.stream(order).readAllBytes()).isEqualTo(mapped);
      assertThat(zip.entries().get("pickle_newer/data/0").offset() % 64).isZero();
      for (ZipDirectory.Entry e : zip.entries().values()) {
        // Reading to the end checks the sum.
        assertThat(zip.stream(e).readAllBytes()).hasSize((int) e.size());
      }
    }
  }

  @Test
  void mappedEntriesOutliveTheZip() throws IOException {
    Path path = Resources.file(directory, "torch.pt");
    try (Arena arena = Arena.ofConfined()) {
      ZipDirectory zip = ZipDirectory.open(path);
      var version = zip.map(zip.entries().get("pickle_newer/version"), arena);
      zip.close();
      assertThat(version.get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) '3');
    }
  }

  @Test
  void inflatesWhatTheJdkDeflated() throws IOException {
    byte[] content = new byte[300_000];
    new Random(7).nextBytes(content);
    Arrays.fill(content, 100_000, 250_000, (byte) 5);
    try (ZipDirectory zip = open(Zips.deflated(content))) {
      ZipDirectory.Entry entry = zip.entries().get("a");
      assertThat(entry.method()).isEqualTo(ZipDirectory.Method.DEFLATED);
      assertThat(zip.stream(entry).readAllBytes()).isEqualTo(content);
      try (InputStream one = zip.stream(entry)) {
        assertThat(one.read()).isEqualTo(content[0] & 0xff);
      }
      try (Arena arena = Arena.ofConfined()) {
        assertThatThrownBy(() -> zip.map(entry, arena))
            .isInstanceOf(JditException.class)
            .hasMessageContaining("its entry 'a' is compressed; store it");
      }
    }
    try (ZipDirectory zip = open(Zips.deflated(new byte[0]))) {
      assertThat(zip.stream(zip.entries().get("a")).readAllBytes()).isEmpty();
    }
  }

  @Test
  void anEmptyZipHasNoEntries() {
    try (ZipDirectory zip = open(Zips.stored(directory, Map.of(), NEVER))) {
      assertThat(zip.entries()).isEmpty();
    }
  }

  @Test
  void aCommentMayLookLikeTheEnd() {
    byte[] zip = Arrays.copyOf(small, small.length + 30);
    int end = Zips.find(small, Zips.END, 0);
    zip = Resources.patched(zip, end + 20, 2, 30);
    zip = Resources.patched(zip, small.length, 4, Zips.END);
    try (ZipDirectory directory = open(zip)) {
      assertThat(directory.entries()).hasSize(2);
    }
  }

  @Test
  void everyTruncationIsRefused() {
    byte[] torch = Resources.bytes("torch.pt");
    for (int n = 0; n < torch.length; n++) {
      refused(Arrays.copyOf(torch, n), "");
    }
    refused(Arrays.copyOf(torch, torch.length + 1), "its end is missing");
  }

  @ParameterizedTest
  @CsvSource({
    "4, 2, 1, one part of a zip split",
    "8, 2, 3, ",
    "10, 2, 3, lists 2 entries instead of 3",
    "10, 2, 1, lists 2 entries instead of 1",
    "12, 4, 10, does not end at the end record",
    "12, 4, 4294967295, does not end at the end record",
    "16, 4, 0, does not end at the end record",
    "16, 4, 2147483647, does not end at the end record",
  })
  void anEndThatContradictsTheFileIsRefused(int field, int width, long value, String why) {
    byte[] zip = Resources.patched(small, Zips.find(small, Zips.END, 0) + field, width, value);
    if (why == null) {
      // Entries on this disk: nobody needs that number.
      assertThat(open(zip).entries()).hasSize(2);
    } else {
      refused(zip, why);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "0, 4, 1, entry 1 of its zip directory is malformed",
    "8, 2, 2049, its entry 'b' is encrypted",
    "10, 2, 12, compressed by method 12",
    "10, 2, 8, contradicts the zip directory",
    "16, 4, 1, contradicts the zip directory",
    "20, 4, 3, cannot have 2 bytes stored as 3",
    "24, 4, 3, cannot have 3 bytes stored as 2",
    "24, 4, 4294967295, lacks its ZIP64 sizes",
    "28, 2, 65535, entry 1 of its zip directory is malformed",
    "28, 2, 0, contradicts the zip directory",
    "30, 2, 1, malformed",
    "32, 2, 1, malformed",
    "42, 4, 0, contradicts the zip directory",
    "42, 4, 7, contradicts the zip directory",
    "42, 4, 4294967295, lacks its ZIP64 sizes",
    "42, 4, 4294967294, bytes are expected at offset 4294967294",
    "46, 1, 97, contradicts the zip directory",
    "46, 1, 255, the name of entry 1 of its zip directory is not UTF-8",
  })
  void aDirectoryEntryThatContradictsTheFileIsRefused(
      int field, int width, long value, String why) {
    int second = Zips.find(small, Zips.CENTRAL, 1);
    refused(Resources.patched(small, second + field, width, value), why);
  }

  @ParameterizedTest
  @CsvSource({
    "0, 4, 1",
    "6, 2, 0",
    "8, 2, 8",
    "14, 4, 1",
    "18, 4, 1",
    "22, 4, 1",
    "22, 4, 4294967295",
    "26, 2, 2",
    "30, 1, 97",
  })
  void aHeaderThatContradictsTheDirectoryIsRefused(int field, int width, long value) {
    int second = Zips.find(small, Zips.LOCAL, 1);
    refused(Resources.patched(small, second + field, width, value), "entry 'b'");
  }

  @Test
  void aHeaderThatMovesTheDataBeyondTheFileIsRefused() {
    int second = Zips.find(small, Zips.LOCAL, 1);
    refused(Resources.patched(small, second + 28, 2, 0xffff), "bytes are expected at offset");
    refused(Resources.patched(small, second + 28, 2, 3), "'b' reaches beyond the data");
  }

  @Test
  void twoEntriesOfOneNameAreRefused() {
    byte[] zip = small;
    for (int signature : new int[] {Zips.LOCAL, Zips.CENTRAL}) {
      int name = signature == Zips.LOCAL ? 30 : 46;
      zip = Resources.patched(zip, Zips.find(zip, signature, 1) + name, 1, 'a');
    }
    refused(zip, "two entries are called 'a'");
  }

  @Test
  void overlappingEntriesAreRefused() {
    // Entry "a" holds a copy of the whole of entry "b"; the directory then points into "a".
    int second = Zips.find(small, Zips.LOCAL, 1);
    byte[] copyOfB = Arrays.copyOfRange(small, second, second + 33);
    Map<String, byte[]> entries = new LinkedHashMap<>();
    entries.put("a", copyOfB);
    entries.put("b", new byte[] {4, 5});
    byte[] zip = Zips.stored(directory, entries, NEVER);
    assertThat(open(zip).entries()).hasSize(2);
    refused(
        Resources.patched(zip, Zips.find(zip, Zips.CENTRAL, 1) + 42, 4, 31),
        "its entries 'a' and 'b' overlap");
  }

  @Test
  void sizesThatNoDeflatedDataHasAreRefused() {
    byte[] zip = Zips.deflated(new byte[1000]);
    int entry = Zips.find(zip, Zips.CENTRAL, 0);
    refused(Resources.patched(zip, entry + 24, 4, 0x7fffffff), "cannot have 2147483647 bytes");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 999, 1001, 5000})
  void deflatedDataOfAnotherSizeThanDeclaredAreRefused(int declared) throws IOException {
    byte[] zip = Zips.deflated(new byte[1000]);
    int size = Zips.find(zip, Zips.CENTRAL, 0) + 24;
    try (ZipDirectory directory = open(Resources.patched(zip, size, 4, declared));
        InputStream in = directory.stream(directory.entries().get("a"))) {
      if (declared == 0) {
        // Nothing is asked of an empty entry, so nothing can be wrong with it.
        assertThat(in.readAllBytes()).isEmpty();
      } else {
        assertThatThrownBy(in::readAllBytes)
            .isInstanceOf(JditException.class)
            .hasMessageContaining(declared < 1000 ? "longer than declared" : "ends too early");
      }
    }
  }

  @Test
  void corruptContentIsRefused() throws IOException {
    byte[] stored = Resources.patched(small, 31, 1, 9);
    byte[] deflated = Zips.deflated(new byte[1000]);
    for (byte[] zip : new byte[][] {stored, Resources.patched(deflated, 31, 1, 0xff)}) {
      try (ZipDirectory directory = open(zip);
          InputStream in = directory.stream(directory.entries().get("a"))) {
        assertThatThrownBy(in::readAllBytes).isInstanceOf(JditException.class);
      }
    }
    int crc = Zips.find(deflated, Zips.CENTRAL, 0) + 16;
    try (ZipDirectory directory = open(Resources.patched(deflated, crc, 4, 1));
        InputStream in = directory.stream(directory.entries().get("a"))) {
      assertThatThrownBy(in::readAllBytes)
          .isInstanceOf(JditException.class)
          .hasMessageContaining("its entry 'a' has a wrong checksum");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "ZIP64_END, 0, 4", "ZIP64_END, 4, 8", "ZIP64_END, 16, 4", "ZIP64_END, 20, 4",
    "ZIP64_END, 32, 8", "ZIP64_END, 40, 8", "ZIP64_END, 48, 8", "ZIP64_LOCATOR, 4, 4",
    "ZIP64_LOCATOR, 8, 8"
  })
  void corruptZip64RecordsAreRefused(String record, int field, int width) {
    byte[] zip = Zips.stored(directory, Map.of("a", new byte[] {1, 2, 3}), 0);
    assertThat(open(zip).entries()).hasSize(1);
    int at =
        Zips.find(zip, record.equals("ZIP64_END") ? Zips.ZIP64_END : Zips.ZIP64_LOCATOR, 0) + field;
    for (long value : new long[] {-1, Long.MIN_VALUE + 1, Long.MAX_VALUE, 2}) {
      refused(Resources.patched(zip, at, width, value), "");
    }
  }

  private static ZipDirectory open(byte[] bytes) {
    return ZipDirectory.open(Resources.memory(bytes));
  }

  private static void refused(byte[] bytes, String why) {
    assertThatThrownBy(() -> open(bytes))
        .isInstanceOf(JditException.class)
        .hasMessageStartingWith("file cannot be read: ")
        .hasMessageContaining(why);
  }
}
