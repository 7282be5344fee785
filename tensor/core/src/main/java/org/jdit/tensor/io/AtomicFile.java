package org.jdit.tensor.io;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.UUID;
import java.util.stream.Stream;
import org.jdit.tensor.JditException;

/**
 * Files and directories that appear complete or not at all: they are written in a hidden directory
 * beside their place, forced to the disk and then moved. When writing fails, what was there before
 * is untouched and nothing stays behind. A process that is killed leaves its hidden directory,
 * which the next one that writes to the same place removes, or {@link #clearLeftovers}. Of two that
 * write there at once the later wins, and the other fails.
 */
public final class AtomicFile {
  /** What writes the content of a file or directory. */
  @FunctionalInterface
  public interface Content<T> {
    /**
     * Writes the content to {@code target}.
     *
     * @throws IOException if it cannot be written
     */
    void writeTo(T target) throws IOException;
  }

  private static final String HIDDEN = ".jdit-";
  private static final String TEMPORARY = ".tmp";

  private AtomicFile() {}

  /**
   * Writes a file, in place of the one that is there, if any. A symbolic link stays one: the file
   * it points to is replaced.
   *
   * @param content gets an empty channel open for reading and writing ({@link
   *     java.nio.channels.Channels#newOutputStream} makes a stream of it)
   * @throws JditException if it cannot be written, for example because the disk is full
   */
  public static void write(Path file, Content<FileChannel> content) {
    Path target = resolve(file);
    if (Files.exists(target) && !Files.isRegularFile(target)) {
      throw new JditException(
          "cannot write " + file + ": it exists and is not a regular file; choose another name");
    }
    publish(
        target,
        temporary -> {
          try (FileChannel out =
              FileChannel.open(
                  temporary,
                  StandardOpenOption.CREATE_NEW,
                  StandardOpenOption.READ,
                  StandardOpenOption.WRITE)) {
            content.writeTo(out);
            out.force(true);
          }
        });
  }

  /**
   * As {@link #write(Path, Content)}, for bytes that are in memory.
   *
   * @throws JditException if it cannot be written
   */
  public static void write(Path file, byte[] bytes) {
    write(
        file,
        out -> {
          for (ByteBuffer rest = ByteBuffer.wrap(bytes); rest.hasRemaining(); ) {
            out.write(rest);
          }
        });
  }

  /**
   * Writes a directory where there is none or an empty one.
   *
   * @param content gets an empty directory to fill
   * @throws JditException if there is something at its place already, or it cannot be written
   */
  public static void writeDirectory(Path directory, Content<Path> content) {
    Path target = resolve(directory);
    if (Files.exists(target) && !isEmptyDirectory(target)) {
      throw new JditException(
          "cannot write "
              + directory
              + ": it exists and is not an empty directory; remove it or choose another name");
    }
    publish(target, temporary -> fill(temporary, content));
  }

  /**
   * Deletes what killed writers left in a directory, whatever they were writing there; not in the
   * directories in it. What somebody writes there meanwhile fails, as with two writers of one file.
   *
   * @throws JditException if it cannot be read
   */
  public static void clearLeftovers(Path directory) {
    String all = HIDDEN + "*" + TEMPORARY;
    try (DirectoryStream<Path> left = Files.newDirectoryStream(directory, all)) {
      left.forEach(AtomicFile::discard);
    } catch (IOException e) {
      throw unreadable(directory, e);
    } catch (DirectoryIteratorException e) {
      throw unreadable(directory, e.getCause());
    }
  }

  /**
   * Writes in a hidden directory, then moves to the target; leaves nothing if the process is ended.
   * The directory has one name for each target, so that what was left there is found without a
   * search; the content has a name of its own, so that nobody moves what another has half written.
   */
  private static void publish(Path target, Content<Path> content) {
    Path hidden = hidden(target);
    Path temporary = hidden.resolve(UUID.randomUUID().toString());
    discard(hidden);
    Thread interrupted = new Thread(() -> withdraw(temporary));
    remember(interrupted);
    try {
      Files.createDirectory(hidden);
      content.writeTo(temporary);
      if (Files.notExists(temporary)) {
        throw new JditException(
            "cannot write %s: something else began to write it at the same time; let only one"
                .formatted(target));
      }
      Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
    } catch (FileAlreadyExistsException e) {
      if (!hidden.toString().equals(e.getFile())) {
        throw failure(target, e);
      }
      throw new JditException(
          "cannot write %s: something else writes it, or left %s and it cannot be deleted"
              .formatted(target, hidden),
          e);
    } catch (IOException e) {
      throw failure(target, e);
    } catch (UncheckedIOException e) {
      throw failure(target, e.getCause());
    } finally {
      withdraw(temporary);
      forget(interrupted);
    }
  }

  private static void remember(Thread hook) {
    try {
      Runtime.getRuntime().addShutdownHook(hook);
    } catch (IllegalStateException _) {
      // The process is ending, and waits for this file: whoever writes now has a hook of its own.
    }
  }

  private static void forget(Thread hook) {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException _) {
      // The process is ending, and the hook is doing its work.
    }
  }

  private static void fill(Path directory, Content<Path> content) throws IOException {
    Files.createDirectory(directory);
    content.writeTo(directory);
    try (Stream<Path> all = Files.walk(directory)) {
      for (Path file : all.filter(Files::isRegularFile).toList()) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
          channel.force(true);
        }
      }
    }
  }

  private static JditException failure(Path target, IOException e) {
    return new JditException(Failure.sentence("cannot write", target.toString(), e), e);
  }

  /** Where the content goes in the end: an absolute path in a directory that exists. */
  private static Path resolve(Path path) {
    try {
      Path target = Files.isSymbolicLink(path) ? path.toRealPath() : path.toAbsolutePath();
      if (target.getParent() == null || !Files.isDirectory(target.getParent())) {
        throw new JditException(
            "cannot write %s: there is no directory %s; create it"
                .formatted(path, target.getParent()));
      }
      return target;
    } catch (IOException e) {
      throw failure(path, e);
    }
  }

  /** The same for equal targets, and never too long. */
  private static Path hidden(Path target) {
    byte[] name = target.getFileName().toString().getBytes(StandardCharsets.UTF_8);
    return target.resolveSibling(HIDDEN + UUID.nameUUIDFromBytes(name) + TEMPORARY);
  }

  private static boolean isEmptyDirectory(Path path) {
    if (!Files.isDirectory(path)) {
      return false;
    }
    try (Stream<Path> content = Files.list(path)) {
      return content.findAny().isEmpty();
    } catch (IOException e) {
      throw unreadable(path, e);
    }
  }

  private static JditException unreadable(Path directory, IOException e) {
    return new JditException(Failure.sentence("cannot read", directory.toString(), e), e);
  }

  /** Deletes what was written, and its hidden directory unless another writes there now. */
  private static void withdraw(Path temporary) {
    discard(temporary);
    try {
      Files.deleteIfExists(temporary.getParent());
    } catch (IOException _) {
      // As in discard.
    }
  }

  /** Deletes what is left of a file or directory that nobody will see. */
  private static void discard(Path path) {
    try {
      if (Files.exists(path)) {
        Files.walkFileTree(path, new Deleter());
      }
    } catch (IOException _) {
      // A stray hidden file must not hide the failure, or spoil the success, of the write itself.
    }
  }

  private static final class Deleter extends SimpleFileVisitor<Path> {
    @Override
    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
      Files.delete(file);
      return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult postVisitDirectory(Path directory, IOException e) throws IOException {
      if (e != null) {
        throw e;
      }
      Files.delete(directory);
      return FileVisitResult.CONTINUE;
    }
  }
}
