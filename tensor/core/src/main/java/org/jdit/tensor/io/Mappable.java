package org.jdit.tensor.io;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jdit.tensor.JditException;

/**
 * Bytes that are read and mapped by range: a file, or memory that stands for one. Every range is
 * checked against the size, so that parsers can follow offsets they do not trust. Safe for use by
 * several threads.
 */
public abstract sealed class Mappable implements AutoCloseable {
  private final String source;
  private final long size;

  private Mappable(String source, long size) {
    this.source = source;
    this.size = size;
  }

  /**
   * Opens a file for reading.
   *
   * @throws JditException if it is missing, not a regular file or not readable
   */
  public static Mappable open(Path file) {
    if (!Files.isRegularFile(file)) {
      String what = Files.exists(file) ? "is not a regular file" : "does not exist";
      throw new JditException(file + " " + what + "; check the path");
    }
    try {
      FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
      try {
        return new OfFile(file.toString(), channel, channel.size());
      } catch (IOException e) {
        channel.close();
        throw e;
      }
    } catch (IOException e) {
      throw new JditException(Failure.sentence("cannot read", file.toString(), e), e);
    }
  }

  /** Memory that stands for a file called {@code source}. */
  public static Mappable of(String source, MemorySegment bytes) {
    return new OfMemory(source, bytes);
  }

  /** What messages call these bytes: the path of a file. */
  public String source() {
    return source;
  }

  /** Number of bytes. */
  public long size() {
    return size;
  }

  /**
   * Copies {@code length} bytes from {@code offset}.
   *
   * @throws JditException if they are not all there
   */
  public byte[] read(long offset, int length) {
    checkRange(offset, length);
    byte[] bytes = new byte[length];
    try {
      get(offset, bytes);
    } catch (IOException e) {
      throw new JditException(Failure.sentence("cannot read", source, e), e);
    }
    return bytes;
  }

  /**
   * Maps {@code length} bytes from {@code offset}, read-only; they stay valid until {@code arena}
   * closes, even if this is closed before.
   *
   * @throws JditException if they are not all there or cannot be mapped
   */
  public MemorySegment map(long offset, long length, Arena arena) {
    checkRange(offset, length);
    try {
      return length == 0 ? MemorySegment.NULL : segment(offset, length, arena);
    } catch (IOException e) {
      throw new JditException(Failure.sentence("cannot map", source, e), e);
    }
  }

  private void checkRange(long offset, long length) {
    if (offset < 0 || length < 0 || offset > size - length) {
      throw damaged(
          "%s bytes are expected at offset %s, but it has %d"
              .formatted(Long.toUnsignedString(length), Long.toUnsignedString(offset), size));
    }
  }

  /** The failure to throw when these bytes contradict their format; {@code what} says how. */
  public JditException damaged(String what) {
    return new JditException(source + " cannot be read: " + what + "; get an intact copy");
  }

  abstract void get(long offset, byte[] to) throws IOException;

  abstract MemorySegment segment(long offset, long length, Arena arena) throws IOException;

  @Override
  public abstract void close();

  private static final class OfFile extends Mappable {
    private final FileChannel channel;

    OfFile(String source, FileChannel channel, long size) {
      super(source, size);
      this.channel = channel;
    }

    @Override
    void get(long offset, byte[] to) throws IOException {
      ByteBuffer buffer = ByteBuffer.wrap(to);
      while (buffer.hasRemaining()) {
        if (channel.read(buffer, offset + buffer.position()) < 0) {
          throw new IOException("it became shorter while it was read");
        }
      }
    }

    @Override
    MemorySegment segment(long offset, long length, Arena arena) throws IOException {
      return channel.map(FileChannel.MapMode.READ_ONLY, offset, length, arena);
    }

    @Override
    public void close() {
      try {
        channel.close();
      } catch (IOException e) {
        throw new JditException(Failure.sentence("cannot close", source(), e), e);
      }
    }
  }

  private static final class OfMemory extends Mappable {
    private final MemorySegment bytes;

    OfMemory(String source, MemorySegment bytes) {
      super(source, bytes.byteSize());
      this.bytes = bytes.asReadOnly();
    }

    @Override
    void get(long offset, byte[] to) {
      MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, offset, to, 0, to.length);
    }

    @Override
    MemorySegment segment(long offset, long length, Arena arena) {
      return bytes.asSlice(offset, length);
    }

    @Override
    public void close() {}
  }
}
