package org.jdit.tensor.io;

import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jdit.tensor.JditException;

/**
 * The entries of a zip file of any size (ZIP64), as the central directory lists them (PKWARE
 * APPNOTE 6.3). Unlike {@link java.util.zip.ZipFile} it tells where the bytes of an entry lie, so
 * that stored entries can be mapped. Opening checks the whole structure: ranges, local headers
 * against the directory, overlaps, and sizes no deflated data can have. Safe for use by several
 * threads.
 */
public final class ZipDirectory implements AutoCloseable {
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

  /** How the bytes of an entry are stored. */
  public enum Method {
    STORED,
    DEFLATED
  }

  /**
   * One file in the zip.
   *
   * @param name its path in the zip
   * @param method how it is stored
   * @param compressedSize bytes it takes in the zip
   * @param size bytes of its content
   * @param crc CRC-32 of its content
   * @param offset where its bytes begin in the zip
   */
  public record Entry(
      String name, Method method, long compressedSize, long size, int crc, long offset) {}

  private record Located(Entry entry, long start) {}

  private record End(long entries, long offset, long size) {}

  private final Mappable file;
  private final Map<String, Entry> entries;

  private ZipDirectory(Mappable file, Map<String, Entry> entries) {
    this.file = file;
    this.entries = entries;
  }

  /**
   * Opens a zip file and reads its directory.
   *
   * @throws JditException if it is not a zip file, damaged, encrypted, split over several files, or
   *     compressed by another method than deflate
   */
  public static ZipDirectory open(Path path) {
    return open(Mappable.open(path));
  }

  /** As {@link #open(Path)} for bytes that are open already; they are closed with the result. */
  public static ZipDirectory open(Mappable file) {
    try {
      return new ZipDirectory(file, new Parser(file).entries());
    } catch (RuntimeException e) {
      file.close();
      throw e;
    }
  }

  /** What messages call the zip: its path. */
  public String source() {
    return file.source();
  }

  /** The entries by name, in the order of the central directory. */
  public Map<String, Entry> entries() {
    return entries;
  }

  /**
   * Maps the bytes of a stored entry, read-only, until {@code arena} closes. The checksum is not
   * looked at: that would read them all.
   *
   * @throws JditException if the entry is compressed or the file cannot be mapped
   */
  public MemorySegment map(Entry entry, Arena arena) {
    if (entry.method() != Method.STORED) {
      throw new JditException(
          "%s cannot be mapped: its entry %s is compressed; store it without compression"
              .formatted(source(), Failure.quoted(entry.name())));
    }
    return file.map(entry.offset(), entry.size(), arena);
  }

  /**
   * The content of an entry, inflated if need be. The stream gives exactly {@link Entry#size()}
   * bytes and throws {@link JditException} if there are fewer or more, or if the checksum at the
   * end is wrong.
   */
  public InputStream stream(Entry entry) {
    return new ZipEntryStream(file, entry);
  }

  /** Closes the file; what is mapped stays mapped. */
  @Override
  public void close() {
    file.close();
  }

  private static final class Parser {
    private final Mappable file;

    Parser(Mappable file) {
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
              again[0] == sizes[0]
                  && again[1] == sizes[1]
                  && local.getInt(14) == central.getInt(16);
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
}
