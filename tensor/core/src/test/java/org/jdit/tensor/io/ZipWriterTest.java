package org.jdit.tensor.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is written is read alike by this library and by the JDK. */
class ZipWriterTest {
  @TempDir Path directory;

  @ParameterizedTest
  @ValueSource(longs = {0, 3, 4, 35, 36, 70, 0xffffffffL})
  void numbersFromTheLimitOnAreInZip64Fields(long zip64From) throws IOException {
    Map<String, byte[]> entries = new LinkedHashMap<>();
    entries.put("a", new byte[] {1, 2, 3});
    entries.put("ü/b", new byte[] {4, 5, 6, 7});
    entries.put("empty", new byte[0]);
    Path file = directory.resolve("out.zip");
    Files.write(file, Zips.stored(directory, entries, zip64From));
    agree(file, entries);
  }

  @Test
  void moreEntriesThan16BitsCanCount() throws IOException {
    Map<String, byte[]> entries = new LinkedHashMap<>();
    for (int i = 0; i < 66_000; i++) {
      entries.put("e" + i, new byte[] {(byte) i});
    }
    Path file = directory.resolve("out.zip");
    Files.write(file, Zips.stored(directory, entries, 0xffffffffL));
    try (ZipDirectory zip = ZipDirectory.open(file);
        ZipFile jdk = new ZipFile(file.toFile())) {
      assertThat(zip.entries().keySet()).containsExactlyElementsOf(entries.keySet());
      assertThat(jdk.size()).isEqualTo(66_000);
      assertThat(zip.stream(zip.entries().get("e65999")).read()).isEqualTo(65_999 & 0xff);
    }
  }

  private static void agree(Path file, Map<String, byte[]> entries) throws IOException {
    try (ZipDirectory zip = ZipDirectory.open(file);
        ZipFile jdk = new ZipFile(file.toFile())) {
      assertThat(zip.entries().keySet()).containsExactlyElementsOf(entries.keySet());
      assertThat(jdk.size()).isEqualTo(entries.size());
      for (Map.Entry<String, byte[]> e : entries.entrySet()) {
        assertThat(zip.stream(zip.entries().get(e.getKey())).readAllBytes())
            .isEqualTo(e.getValue());
        assertThat(jdk.getInputStream(jdk.getEntry(e.getKey())).readAllBytes())
            .isEqualTo(e.getValue());
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 8, 64, 4096})
  void contentsAreAligned(int alignment) throws IOException {
    Path file = directory.resolve("out.zip");
    AtomicFile.write(
        file,
        out -> {
          ZipWriter zip = new ZipWriter(out, alignment);
          for (int i = 0; i < 70; i++) {
            byte[] content = new byte[i];
            zip.write("x".repeat(i + 1), i, to -> to.write(ByteBuffer.wrap(content)));
          }
          zip.finish();
        });
    try (ZipDirectory zip = ZipDirectory.open(file);
        ZipFile jdk = new ZipFile(file.toFile())) {
      assertThat(jdk.size()).isEqualTo(70);
      assertThat(zip.entries().values())
          .hasSize(70)
          .allSatisfy(e -> assertThat(e.offset() % alignment).isZero());
    }
  }

  @Test
  void wrongSizesAndRepeatedNamesAreRefused() {
    Path file = directory.resolve("out.zip");
    for (int size : new int[] {0, 2}) {
      assertThatThrownBy(
              () ->
                  AtomicFile.write(
                      file,
                      out ->
                          new ZipWriter(out, 1)
                              .write("a", size, to -> to.write(ByteBuffer.allocate(1)))))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("entry a has 1 bytes instead of " + size);
    }
    assertThatThrownBy(
            () ->
                AtomicFile.write(
                    file,
                    out -> {
                      ZipWriter zip = new ZipWriter(out, 1);
                      zip.write("a", 0, _ -> {});
                      zip.write("a", 0, _ -> {});
                    }))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("a second entry called a");
    assertThat(directory).isEmptyDirectory();
  }
}
