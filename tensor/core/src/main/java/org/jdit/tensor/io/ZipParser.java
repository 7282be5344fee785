package org.jdit.tensor.io;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jdit.tensor.io.ZipDirectory.Entry;
import org.jdit.tensor.io.ZipDirectory.Method;

/** Reads the central directory of a zip file, believing nothing that it can check. */
final class ZipParser {
  private static final int END = 0x06054b50;
  private static final int END_SIZE = 22;
  private static final int ZIP64_LOCATOR = 0x07064b50;
  private static final int ZIP64_LOCATOR_SIZE = 20;
  private static final int ZIP64_END = 0x06064b50;
  private static final int ZIP64_END_SIZE = 56;
  private static final int CENTRAL = 0x02014b50;
  private static final int CENTRAL_SIZE = 46;
  private static final int LOCAL = 0x04034b50;
  private static final int LOCAL_SIZE = 30;
  private static final int ZIP64_EXTRA = 1;
  private static final int ENCRYPTED = 1;
  private static final int SIZES_FOLLOW_DATA = 8;
  private static final long IN_ZIP64 = 0xffffffffL;

  /** Deflate makes at most 258 bytes out of 2 bits. */
  private static final long LARGEST_RATIO = 1032;

  private record Located(Entry entry, long start) {}

  private record End(long entries, long offset, long size) {}

  private final Mappable file;

  ZipParser(Mappable file) {
    this.file = file;
  }

  Map<String, Entry> entries() {
    End end = end();
    if (end.size() > Integer.MAX_VALUE - 8) {
      throw file.damaged("its zip directory of " + end.size() + " bytes is too large");
    }
    ByteBuffer b = read(end.offset(), (int) end.size());
    List<Located> found = new ArrayList<>();
    while (b.hasRemaining()) {
      found.add(central(b, found.size(), end.offset()));
    }
    if (found.size() != end.entries()) {
      throw file.damaged(
          "its zip directory lists %d entries instead of %s"
              .formatted(found.size(), Long.toUnsignedString(end.entries())));
    }
    checkOverlaps(found);
    Map<String, Entry> entries = new LinkedHashMap<>();
    for (Located l : found) {
      if (entries.putIfAbsent(l.entry().name(), l.entry()) != null) {
        throw file.damaged("two entries are called " + Failure.quoted(l.entry().name()));
      }
    }
    return Collections.unmodifiableMap(entries);
  }

  /** Finds the end record: the last one whose comment reaches exactly the end of the file. */
  private End end() {
    int tail = (int) Math.min(file.size(), END_SIZE + 0xffff);
    ByteBuffer b = read(file.size() - tail, tail);
    for (int at = tail - END_SIZE; at >= 0; at--) {
      if (b.getInt(at) == END && at + END_SIZE + u16(b, at + 20) == tail) {
        return end(b.slice(at, END_SIZE).order(ByteOrder.LITTLE_ENDIAN), file.size() - tail + at);
      }
    }
    throw file.damaged("it is not a zip file, or its end is missing");
  }

  private End end(ByteBuffer b, long position) {
    long disks = u16(b, 4) | u16(b, 6);
    End end = new End(u16(b, 10), u32(b, 16), u32(b, 12));
    long limit = position;
    if (position >= ZIP64_LOCATOR_SIZE) {
      ByteBuffer locator = read(position - ZIP64_LOCATOR_SIZE, ZIP64_LOCATOR_SIZE);
      if (locator.getInt(0) == ZIP64_LOCATOR) {
        limit = locator.getLong(8);
        ByteBuffer big = read(limit, ZIP64_END_SIZE);
        if (big.getInt(0) != ZIP64_END
            || limit + 12 + big.getLong(4) != position - ZIP64_LOCATOR_SIZE) {
          throw file.damaged("its ZIP64 end record is not where the locator says");
        }
        disks = big.getInt(16) | big.getInt(20) | locator.getInt(4);
        end = new End(big.getLong(32), big.getLong(48), big.getLong(40));
      }
    }
    if (disks != 0) {
      throw file.damaged("it is one part of a zip split over several files");
    }
    if (end.offset() < 0 || end.size() < 0 || end.offset() != limit - end.size()) {
      throw file.damaged("its zip directory does not end at the end record");
    }
    return end;
  }

  private Located central(ByteBuffer b, int index, long directory) {
    int at = b.position();
    if (b.remaining() < CENTRAL_SIZE || b.getInt(at) != CENTRAL) {
      throw file.damaged("entry " + index + " of its zip directory is malformed");
    }
    int nameLength = u16(b, at + 28);
    int extraLength = u16(b, at + 30);
    int length = CENTRAL_SIZE + nameLength + extraLength + u16(b, at + 32);
    if (length > b.remaining()) {
      throw file.damaged("entry " + index + " of its zip directory is malformed");
    }
    b.position(at + length);
    String name = name(b.slice(at + CENTRAL_SIZE, nameLength), index);
    if ((u16(b, at + 8) & ENCRYPTED) != 0) {
      throw file.damaged("its entry " + Failure.quoted(name) + " is encrypted");
    }
    Method method =
        switch (u16(b, at + 10)) {
          case 0 -> Method.STORED;
          case 8 -> Method.DEFLATED;
          default ->
              throw file.damaged(
                  "its entry %s is compressed by method %d, neither stored nor deflated"
                      .formatted(Failure.quoted(name), u16(b, at + 10)));
        };
    long[] sizes = {u32(b, at + 24), u32(b, at + 20), u32(b, at + 42)};
    widen(sizes, extra(b, at + CENTRAL_SIZE + nameLength, extraLength), name);
    long size = sizes[0];
    long compressed = sizes[1];
    boolean possible =
        method == Method.STORED ? size == compressed : size / LARGEST_RATIO <= compressed;
    if (!possible || size < 0 || compressed < 0) {
      throw file.damaged(
          "its entry %s cannot have %s bytes stored as %s"
              .formatted(
                  Failure.quoted(name),
                  Long.toUnsignedString(size),
                  Long.toUnsignedString(compressed)));
    }
    long data = checkLocal(name, b.slice(at, length).order(ByteOrder.LITTLE_ENDIAN), sizes);
    if (compressed > directory - data) {
      throw file.damaged("its entry " + Failure.quoted(name) + " reaches beyond the data");
    }
    return new Located(
        new Entry(name, method, compressed, size, b.getInt(at + 16), data), sizes[2]);
  }

  /** Checks the header in front of the data against the directory; tells where the data begin. */
  private long checkLocal(String name, ByteBuffer central, long[] sizes) {
    long start = sizes[2];
    ByteBuffer local = read(start, LOCAL_SIZE);
    int nameLength = u16(local, 26);
    int extraLength = u16(local, 28);
    boolean same = local.getInt(0) == LOCAL && nameLength == u16(central, 28);
    if (same) {
      ByteBuffer rest = read(start + LOCAL_SIZE, nameLength + extraLength);
      same =
          rest.slice(0, nameLength).equals(central.slice(CENTRAL_SIZE, nameLength))
              && u16(local, 6) == u16(central, 8)
              && u16(local, 8) == u16(central, 10);
      if (same && (u16(local, 6) & SIZES_FOLLOW_DATA) == 0) {
        long[] again = {u32(local, 22), u32(local, 18), 0};
        widen(again, extra(rest, nameLength, extraLength), name);
        same =
            again[0] == sizes[0] && again[1] == sizes[1] && local.getInt(14) == central.getInt(16);
      }
    }
    if (!same) {
      throw file.damaged(
          "the header of its entry " + Failure.quoted(name) + " contradicts the zip directory");
    }
    return start + LOCAL_SIZE + nameLength + extraLength;
  }

  private void checkOverlaps(List<Located> found) {
    List<Located> sorted = new ArrayList<>(found);
    sorted.sort(Comparator.comparingLong(Located::start));
    for (int i = 1; i < sorted.size(); i++) {
      Entry before = sorted.get(i - 1).entry();
      if (before.offset() + before.compressedSize() > sorted.get(i).start()) {
        throw file.damaged(
            "its entries %s and %s overlap"
                .formatted(
                    Failure.quoted(before.name()), Failure.quoted(sorted.get(i).entry().name())));
      }
    }
  }

  /** Puts the 64-bit numbers in place of those that 32 bits could not hold. */
  private void widen(long[] sizes, ByteBuffer zip64, String name) {
    for (int i = 0; i < sizes.length; i++) {
      if (sizes[i] == IN_ZIP64) {
        if (zip64.remaining() < 8) {
          throw file.damaged("its entry " + Failure.quoted(name) + " lacks its ZIP64 sizes");
        }
        sizes[i] = zip64.getLong();
      }
    }
  }

  /** The ZIP64 field among the extra fields; empty if there is none. */
  private static ByteBuffer extra(ByteBuffer b, int from, int length) {
    int at = from;
    int end = from + length;
    while (at + 4 <= end && at + 4 + u16(b, at + 2) <= end) {
      if (u16(b, at) == ZIP64_EXTRA) {
        return b.slice(at + 4, u16(b, at + 2)).order(ByteOrder.LITTLE_ENDIAN);
      }
      at += 4 + u16(b, at + 2);
    }
    return ByteBuffer.allocate(0);
  }

  private String name(ByteBuffer bytes, int index) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
    } catch (CharacterCodingException e) {
      throw file.damaged("the name of entry " + index + " of its zip directory is not UTF-8");
    }
  }

  private ByteBuffer read(long offset, int length) {
    return ByteBuffer.wrap(file.read(offset, length)).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static int u16(ByteBuffer b, int at) {
    return Short.toUnsignedInt(b.getShort(at));
  }

  private static long u32(ByteBuffer b, int at) {
    return Integer.toUnsignedLong(b.getInt(at));
  }
}
