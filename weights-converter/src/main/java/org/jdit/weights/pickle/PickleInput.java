package org.jdit.weights.pickle;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.math.BigInteger;
import java.nio.ByteOrder;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import org.jdit.tensor.JditException;

/** The bytes of a pickle with a read position; every read is checked against their end. */
final class PickleInput {
  private static final ValueLayout.OfLong I64 =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt I32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort I16 =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfDouble F64_BIG =
      ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

  // Numbers longer than this are no data of a checkpoint, and slow to work with.
  private static final int MAX_NUMBER = 1024;

  private final MemorySegment data;
  private final String source;
  private long position;
  private long copied;

  PickleInput(MemorySegment data, long position, String source) {
    this.data = data;
    this.position = position;
    this.source = source;
  }

  long position() {
    return position;
  }

  JditException bad(String what) {
    return new JditException(
        source + " is not a valid pickle: at byte " + position + " it " + what);
  }

  /** Takes {@code n} bytes and returns where they start. */
  private long take(long n) {
    if (n < 0 || n > data.byteSize() - position) {
      throw bad("ends too early; the file is cut off or damaged");
    }
    long at = position;
    position += n;
    return at;
  }

  /**
   * Counts items copied from values already read. A genuine pickle copies each of its items once at
   * most; a forged one could copy one big value a thousand times.
   */
  void charge(long items) {
    copied += items;
    if (copied > data.byteSize()) {
      throw bad("copies the same values over and over");
    }
  }

  int u8() {
    return data.get(ValueLayout.JAVA_BYTE, take(1)) & 0xff;
  }

  int u16() {
    return data.get(I16, take(2)) & 0xffff;
  }

  int i32() {
    return data.get(I32, take(4));
  }

  long u32() {
    return i32() & 0xffffffffL;
  }

  long i64() {
    return data.get(I64, take(8));
  }

  double bigEndianDouble() {
    return data.get(F64_BIG, take(8));
  }

  /** Frames only help readers of streams; the instructions inside follow as if there were none. */
  void skipFrame() {
    long length = i64();
    if (length < 0 || length > data.byteSize() - position) {
      throw bad("has a frame longer than the file");
    }
  }

  byte[] bytes(long length) {
    if (length > Integer.MAX_VALUE - 8) {
      throw bad("has a string of " + length + " bytes");
    }
    byte[] bytes = new byte[(int) Math.max(0, Math.min(length, data.byteSize() - position))];
    MemorySegment.copy(data, ValueLayout.JAVA_BYTE, take(length), bytes, 0, bytes.length);
    return bytes;
  }

  String text(long length, Charset charset) {
    return new String(bytes(length), charset);
  }

  /** A little-endian two's complement number. */
  BigInteger integer(int length) {
    if (length > MAX_NUMBER) {
      throw bad("has an integer of " + length + " bytes");
    }
    byte[] b = bytes(length);
    for (int i = 0, j = b.length - 1; i < j; i++, j--) {
      byte swap = b[i];
      b[i] = b[j];
      b[j] = swap;
    }
    return b.length == 0 ? BigInteger.ZERO : new BigInteger(b);
  }

  /** Text up to the next line feed, which is dropped. */
  String line(Charset charset) {
    long end = position;
    while (end < data.byteSize() && data.get(ValueLayout.JAVA_BYTE, end) != '\n') {
      end++;
    }
    String line = text(end - position, charset);
    take(1);
    return line;
  }

  /** A line with a number in it. */
  String numberLine() {
    String line = line(StandardCharsets.US_ASCII);
    if (line.length() > MAX_NUMBER) {
      throw bad("has a number of " + line.length() + " digits");
    }
    return line;
  }
}
