package org.jdit.weights;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Writes pickles by hand, also those that no Python would write, and torch files around them. */
public final class TestPickle {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  /** An empty pickle of protocol 2. */
  public static TestPickle start() {
    return new TestPickle().op(0x80, 2);
  }

  /** Raw bytes. */
  public TestPickle op(int... codes) {
    for (int code : codes) {
      out.write(code);
    }
    return this;
  }

  /** BINUNICODE. */
  public TestPickle text(String s) {
    byte[] utf8 = s.getBytes(StandardCharsets.UTF_8);
    op('X').littleEndian(utf8.length, 4);
    out.writeBytes(utf8);
    return this;
  }

  /** LONG1 of 8 bytes. */
  public TestPickle integer(long n) {
    return op(0x8a, 8).littleEndian(n, 8);
  }

  /** A tuple of integers. */
  public TestPickle integers(long... values) {
    op('(');
    for (long v : values) {
      integer(v);
    }
    return op('t');
  }

  /** GLOBAL. */
  public TestPickle global(String module, String name) {
    op('c').out.writeBytes((module + "\n" + name + "\n").getBytes(StandardCharsets.UTF_8));
    return this;
  }

  /** A reference to the storage {@code key}. */
  public TestPickle storage(String type, String key, long numel) {
    return op('(')
        .text("storage")
        .global("torch", type)
        .text(key)
        .text("cpu")
        .integer(numel)
        .op('t', 'Q');
  }

  /** A float32 tensor over storage "0" of {@code numel} elements. */
  public TestPickle tensor(long numel, long offset, long[] size, long[] stride) {
    return global("torch._utils", "_rebuild_tensor_v2")
        .op('(')
        .storage("FloatStorage", "0", numel)
        .integer(offset)
        .integers(size)
        .integers(stride)
        .op(0x89, '}', 't', 'R');
  }

  /** The bytes with STOP at the end. */
  public byte[] end() {
    return op('.').out.toByteArray();
  }

  private TestPickle littleEndian(long n, int bytes) {
    for (int i = 0; i < bytes; i++) {
      out.write((int) (n >> (8 * i)));
    }
    return this;
  }

  /** A pickle of {@code {"w": tensor}}. */
  public static byte[] oneTensor(long numel, long offset, long[] size, long[] stride) {
    return start().op('}').text("w").tensor(numel, offset, size, stride).op('s').end();
  }

  /** A torch file in the zip layout, stored. */
  public static byte[] torchZip(byte[] pickle, Map<String, byte[]> storages) {
    return zip(pickle, storages, ZipEntry.STORED);
  }

  /** A torch file that somebody packed again, compressed. */
  public static byte[] deflatedTorchZip(byte[] pickle, Map<String, byte[]> storages) {
    return zip(pickle, storages, ZipEntry.DEFLATED);
  }

  private static byte[] zip(byte[] pickle, Map<String, byte[]> storages, int method) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      add(zip, "x/data.pkl", pickle, method);
      for (Map.Entry<String, byte[]> e : storages.entrySet()) {
        add(zip, "x/" + e.getKey(), e.getValue(), method);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private static void add(ZipOutputStream zip, String name, byte[] content, int method)
      throws IOException {
    ZipEntry entry = new ZipEntry(name);
    entry.setMethod(method);
    if (method == ZipEntry.STORED) {
      CRC32 crc = new CRC32();
      crc.update(content);
      entry.setCrc(crc.getValue());
      entry.setSize(content.length);
    }
    zip.putNextEntry(entry);
    zip.write(content);
    zip.closeEntry();
  }
}
