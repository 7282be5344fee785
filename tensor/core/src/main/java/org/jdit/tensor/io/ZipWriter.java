package org.jdit.tensor.io;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Set;
import java.util.zip.CRC32;

/**
 * Writes a zip file of uncompressed entries, of any size and number (ZIP64), streaming. Entries
 * have no date, so that equal content gives equal bytes.
 */
public final class ZipWriter {
  private static final long IN_ZIP64 = 0xffffffffL;
  private static final int COUNT_IN_ZIP64 = 0xffff;
  private static final int CRC_POSITION = 14;
  private static final short UTF8_NAMES = 0x800;
  private static final short PLAIN = 20;
  private static final short ZIP64 = 45;
  private static final short ZIP64_EXTRA = 1;

  /** Extra field that readers skip; torch pads its files with the same one. */
  private static final short PADDING_EXTRA = 0x4246;

  /** 1 January 1980, the first day a zip file can name. */
  private static final short DATE = 0x21;

  private static final short MADE_ON_UNIX = 3 << 8;
  private static final int REGULAR_FILE = 0100644 << 16;

  private final FileChannel out;
  private final int alignment;
  private final long zip64From;
  private final ByteArrayOutputStream directory = new ByteArrayOutputStream();
  private final Set<String> names = new HashSet<>();

  /**
   * Writes to an empty file, open for writing, each entry's bytes starting at a multiple of {@code
   * alignment}.
   */
  public ZipWriter(FileChannel out, int alignment) {
    this(out, alignment, IN_ZIP64);
  }

  /** Numbers from {@code zip64From} on go to ZIP64 fields. */
  ZipWriter(FileChannel out, int alignment, long zip64From) {
    this.out = out;
    this.alignment = alignment;
    this.zip64From = zip64From;
  }

  /**
   * Writes an entry.
   *
   * @param size bytes of its content
   * @param content writes exactly so many bytes
   * @throws IOException if the file cannot be written
   * @throws IllegalArgumentException if there is an entry of that name, or the size is wrong
   */
  public void write(String name, long size, AtomicFile.Content<WritableByteChannel> content)
      throws IOException {
    if (!names.add(name)) {
      throw new IllegalArgumentException("a second entry called " + name);
    }
    long start = out.position();
    byte[] utf8 = name.getBytes(StandardCharsets.UTF_8);
    writeFully(localHeader(utf8, size, start));
    Checked checked = new Checked();
    content.writeTo(checked);
    if (checked.size != size) {
      throw new IllegalArgumentException(
          "entry %s has %d bytes instead of %d".formatted(name, checked.size, size));
    }
    int crc = (int) checked.crc.getValue();
    out.write(buffer(4).putInt(crc).flip(), start + CRC_POSITION);
    directory.writeBytes(centralHeader(utf8, size, start, crc).array());
  }

  /**
   * Writes the directory; nothing can follow.
   *
   * @throws IOException if the file cannot be written
   */
  public void finish() throws IOException {
    long offset = out.position();
    writeFully(ByteBuffer.wrap(directory.toByteArray()));
    int count = names.size();
    if (count >= COUNT_IN_ZIP64 || offset >= zip64From || directory.size() >= zip64From) {
      long end = out.position();
      ByteBuffer b = buffer(56 + 20);
      b.putInt(0x06064b50).putLong(56 - 12).putShort(ZIP64).putShort(ZIP64).putInt(0).putInt(0);
      b.putLong(count).putLong(count).putLong(directory.size()).putLong(offset);
      b.putInt(0x07064b50).putInt(0).putLong(end).putInt(1);
      writeFully(b.flip());
    }
    short shown = (short) Math.min(count, COUNT_IN_ZIP64);
    ByteBuffer b = buffer(22).putInt(0x06054b50).putShort((short) 0).putShort((short) 0);
    b.putShort(shown).putShort(shown);
    b.putInt(small(directory.size())).putInt(small(offset)).putShort((short) 0);
    writeFully(b.flip());
  }

  private ByteBuffer localHeader(byte[] name, long size, long start) {
    boolean big = size >= zip64From;
    int unpadded = 30 + name.length + (big ? 20 : 0);
    int padding = (int) Math.floorMod(-(start + unpadded), (long) alignment);
    while (padding > 0 && padding < 4) {
      padding += alignment;
    }
    ByteBuffer b = buffer(unpadded + padding).putInt(0x04034b50).putShort(big ? ZIP64 : PLAIN);
    common(b, 0, size, name.length).putShort((short) ((big ? 20 : 0) + padding)).put(name);
    if (big) {
      b.putShort(ZIP64_EXTRA).putShort((short) 16).putLong(size).putLong(size);
    }
    if (padding > 0) {
      b.putShort(PADDING_EXTRA).putShort((short) (padding - 4));
    }
    return b.rewind();
  }

  private ByteBuffer centralHeader(byte[] name, long size, long start, int crc) {
    int extra = (size >= zip64From ? 16 : 0) + (start >= zip64From ? 8 : 0);
    boolean big = extra > 0;
    ByteBuffer b = buffer(46 + name.length + (big ? 4 + extra : 0)).putInt(0x02014b50);
    b.putShort((short) (MADE_ON_UNIX | ZIP64)).putShort(big ? ZIP64 : PLAIN);
    common(b, crc, size, name.length).putShort((short) (big ? 4 + extra : 0));
    b.putShort((short) 0).putShort((short) 0).putShort((short) 0);
    b.putInt(REGULAR_FILE).putInt(small(start)).put(name);
    if (big) {
      b.putShort(ZIP64_EXTRA).putShort((short) extra);
    }
    if (size >= zip64From) {
      b.putLong(size).putLong(size);
    }
    if (start >= zip64From) {
      b.putLong(start);
    }
    return b;
  }

  /** The fields that both headers have in the same order, from the flags to the name's length. */
  private ByteBuffer common(ByteBuffer b, int crc, long size, int nameLength) {
    b.putShort(UTF8_NAMES).putShort((short) 0).putShort((short) 0).putShort(DATE);
    b.putInt(crc).putInt(small(size)).putInt(small(size));
    return b.putShort((short) nameLength);
  }

  /** A number as 32 bits, or the mark that it is in a ZIP64 field. */
  private int small(long n) {
    return (int) (n >= zip64From ? IN_ZIP64 : n);
  }

  private static ByteBuffer buffer(int size) {
    return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
  }

  private void writeFully(ByteBuffer b) throws IOException {
    while (b.hasRemaining()) {
      out.write(b);
    }
  }

  /** Passes bytes on, counting and summing them. */
  private final class Checked implements WritableByteChannel {
    private final CRC32 crc = new CRC32();
    private long size;

    @Override
    public int write(ByteBuffer b) throws IOException {
      crc.update(b.duplicate());
      size += b.remaining();
      int n = b.remaining();
      writeFully(b);
      return n;
    }

    @Override
    public boolean isOpen() {
      return out.isOpen();
    }

    @Override
    public void close() {}
  }
}
