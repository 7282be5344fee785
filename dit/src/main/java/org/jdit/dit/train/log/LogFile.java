package org.jdit.dit.train.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.util.Optional;
import org.jdit.tensor.JditException;

/** A file that grows by records, each given to the operating system whole and at once. */
final class LogFile implements AutoCloseable {
  private final Path file;
  private final FileChannel channel;

  private LogFile(Path file, FileChannel channel) {
    this.file = file;
    this.channel = channel;
  }

  /**
   * Opens a file.
   *
   * @throws JditException if it cannot be opened
   */
  static LogFile open(Path file, OpenOption... options) {
    try {
      return new LogFile(file, FileChannel.open(file, options));
    } catch (IOException e) {
      throw failure(file, e);
    }
  }

  /**
   * Opens a file that is not there yet.
   *
   * @return nothing if it is there
   * @throws JditException if it cannot be made
   */
  static Optional<LogFile> make(Path file, OpenOption... options) {
    try {
      return Optional.of(new LogFile(file, FileChannel.open(file, options)));
    } catch (FileAlreadyExistsException _) {
      return Optional.empty();
    } catch (IOException e) {
      throw failure(file, e);
    }
  }

  /** Adds the bytes at the end of the file. */
  void append(byte[] record) {
    try {
      for (ByteBuffer rest = ByteBuffer.wrap(record); rest.hasRemaining(); ) {
        channel.write(rest);
      }
    } catch (IOException e) {
      throw failure(file, e);
    }
  }

  Path file() {
    return file;
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw failure(file, e);
    }
  }

  static JditException failure(Path file, IOException e) {
    String why = e instanceof NoSuchFileException ? "its directory does not exist" : e.getMessage();
    return new JditException("cannot write %s: %s".formatted(file, why), e);
  }
}
