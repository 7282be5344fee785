package org.jdit.tensor.io;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;

/** Files that other programs wrote, and bytes of files in memory. */
final class Resources {
  private Resources() {}

  /** The bytes of a test resource of this package. */
  static byte[] bytes(String name) {
    try (InputStream in = Resources.class.getResourceAsStream("/io/" + name)) {
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A copy of a test resource in {@code directory}. */
  static Path file(Path directory, String name) throws IOException {
    return Files.write(directory.resolve(name), bytes(name));
  }

  /** Bytes in place of a file. */
  static Mappable memory(byte[] bytes) {
    return Mappable.of("file", MemorySegment.ofArray(bytes));
  }

  /** A copy of {@code bytes} with {@code width} bytes at {@code at} replaced, little-endian. */
  static byte[] patched(byte[] bytes, int at, int width, long value) {
    byte[] copy = bytes.clone();
    ByteBuffer b = ByteBuffer.wrap(copy).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < width; i++) {
      b.put(at + i, (byte) (value >>> (8 * i)));
    }
    return copy;
  }
}
