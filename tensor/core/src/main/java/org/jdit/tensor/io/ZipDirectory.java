package org.jdit.tensor.io;

import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
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
      return new ZipDirectory(file, new ZipParser(file).entries());
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
}
