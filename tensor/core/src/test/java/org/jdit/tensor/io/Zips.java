package org.jdit.tensor.io;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Zip files for tests. */
final class Zips {
  static final int LOCAL = 0x04034b50;
  static final int CENTRAL = 0x02014b50;
  static final int END = 0x06054b50;
  static final int ZIP64_END = 0x06064b50;
  static final int ZIP64_LOCATOR = 0x07064b50;

  private Zips() {}

  /** A zip file of stored entries; numbers from {@code zip64From} on are in ZIP64 fields. */
  static byte[] stored(Path directory, Map<String, byte[]> entries, long zip64From) {
    try {
      Path file = Files.createTempFile(directory, "stored", ".zip");
      try (FileChannel out = FileChannel.open(file, StandardOpenOption.WRITE)) {
        ZipWriter zip = new ZipWriter(out, 1, zip64From);
        for (Map.Entry<String, byte[]> e : entries.entrySet()) {
          byte[] content = e.getValue();
          zip.write(e.getKey(), content.length, to -> to.write(ByteBuffer.wrap(content)));
        }
        zip.finish();
      }
      byte[] bytes = Files.readAllBytes(file);
      Files.delete(file);
      return bytes;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A zip file of one deflated entry {@code a}, as the JDK writes it: with a data descriptor. */
  static byte[] deflated(byte[] content) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      zip.putNextEntry(new ZipEntry("a"));
      zip.write(content);
      zip.closeEntry();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  /** Position of the {@code nth} (from 0) record with the given signature. */
  static int find(byte[] zip, int signature, int nth) {
    ByteBuffer b = ByteBuffer.wrap(zip).order(ByteOrder.LITTLE_ENDIAN);
    int left = nth;
    for (int at = 0; at <= zip.length - 4; at++) {
      if (b.getInt(at) == signature && left-- == 0) {
        return at;
      }
    }
    throw new IllegalArgumentException("no record " + nth);
  }
}
