package org.jdit.tensor.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jdit.tensor.JditException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Writing succeeds as a whole, or changes nothing. */
class AtomicFileTest {
  @TempDir Path directory;

  private static void text(FileChannel out, String text) throws IOException {
    out.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
  }

  @Test
  void aFileIsSeenOnlyWhenItIsComplete() throws IOException {
    Path file = Files.writeString(directory.resolve("f"), "old");
    AtomicFile.write(
        file,
        out -> {
          text(out, "new");
          assertThat(file).hasContent("old");
        });
    assertThat(file).hasContent("new");
    AtomicFile.write(file, out -> Channels.newOutputStream(out).write('s'));
    assertThat(file).hasContent("s");
    assertThat(directory).isDirectoryContaining("glob:**/f");
    try (var content = Files.list(directory)) {
      assertThat(content).hasSize(1);
    }
  }

  @Test
  void aFailureLeavesTheOldFileAndNothingElse() throws IOException {
    Path file = Files.writeString(directory.resolve("f"), "old");
    fails(file, new IOException("No space left on device"), ": No space left on device");
    fails(file, new AccessDeniedException("f"), ": permission denied");
    fails(file, new IOException(), ": IOException");
    assertThatThrownBy(
            () ->
                AtomicFile.write(
                    file,
                    out -> {
                      text(out, "half");
                      throw new UncheckedIOException(new IOException("broken"));
                    }))
        .isInstanceOf(JditException.class)
        .hasMessage("cannot write " + file + ": broken");
    IllegalStateException bug = new IllegalStateException();
    assertThatThrownBy(
            () ->
                AtomicFile.write(
                    file,
                    _ -> {
                      throw bug;
                    }))
        .isSameAs(bug);
    assertThat(file).hasContent("old");
    try (var content = Files.list(directory)) {
      assertThat(content).containsExactly(file);
    }
  }

  private static void fails(Path file, IOException e, String why) {
    assertThatThrownBy(
            () ->
                AtomicFile.write(
                    file,
                    out -> {
                      text(out, "half");
                      throw e;
                    }))
        .isInstanceOf(JditException.class)
        .hasMessage("cannot write " + file + why)
        .hasCause(e);
  }

  @Test
  void onlyFilesAreReplaced() {
    assertThatThrownBy(() -> AtomicFile.write(directory, out -> text(out, "x")))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("is not a regular file; choose another name");
    Path nowhere = directory.resolve("a/b");
    assertThatThrownBy(() -> AtomicFile.write(nowhere, out -> text(out, "x")))
        .isInstanceOf(JditException.class)
        .hasMessage(
            "cannot write "
                + nowhere
                + ": there is no directory "
                + nowhere.getParent()
                + "; create it");
    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void aSymbolicLinkStaysOne() throws IOException {
    Path file = Files.writeString(directory.resolve("f"), "old");
    Path link = Files.createSymbolicLink(directory.resolve("link"), file);
    AtomicFile.write(link, out -> text(out, "new"));
    assertThat(link).isSymbolicLink().hasContent("new");
    assertThat(file).hasContent("new");
  }

  @Test
  void aDirectoryIsSeenOnlyWhenItIsComplete() throws IOException {
    Path target = directory.resolve("d");
    AtomicFile.writeDirectory(
        target,
        inside -> {
          Files.createDirectory(inside.resolve("sub"));
          Files.writeString(inside.resolve("sub/f"), "x");
          assertThat(target).doesNotExist();
        });
    assertThat(target.resolve("sub/f")).hasContent("x");
    Path empty = Files.createDirectory(directory.resolve("empty"));
    AtomicFile.writeDirectory(empty, inside -> Files.writeString(inside.resolve("f"), "y"));
    assertThat(empty.resolve("f")).hasContent("y");
    try (var content = Files.list(directory)) {
      assertThat(content).containsExactlyInAnyOrder(target, empty);
    }
  }

  /** Writes half a file and is gone at once, as if it were killed: nothing is cleaned up. */
  static final class Killed {
    private Killed() {}

    public static void main(String[] args) {
      AtomicFile.write(
          Path.of(args[0]),
          out -> {
            text(out, "half");
            Runtime.getRuntime().halt(9);
          });
    }
  }

  @Test
  void whatAKilledWriterLeavesGoesWithTheNextWrite() throws Exception {
    Path file = Files.writeString(directory.resolve("f"), "old");
    Path other = Files.writeString(directory.resolve("other"), "x");
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    for (int i = 0; i < 2; i++) {
      Process process =
          new ProcessBuilder(
                  java,
                  "-cp",
                  System.getProperty("java.class.path"),
                  Killed.class.getName(),
                  file.toString())
              .inheritIO()
              .start();
      assertThat(process.waitFor()).isEqualTo(9);
      assertThat(file).hasContent("old");
      try (var content = Files.list(directory)) {
        assertThat(content).as("one file left, also by the second").hasSize(3);
      }
    }
    AtomicFile.write(other, out -> text(out, "y"));
    try (var content = Files.list(directory)) {
      assertThat(content).as("those of other targets stay").hasSize(3);
    }
    AtomicFile.write(file, out -> text(out, "new"));
    assertThat(file).hasContent("new");
    try (var content = Files.list(directory)) {
      assertThat(content).containsExactlyInAnyOrder(file, other);
    }
  }

  @Test
  void ofTwoWritersOfOneFileTheLaterWins() throws IOException {
    Path file = directory.resolve("f");
    assertThatThrownBy(
            () ->
                AtomicFile.write(
                    file,
                    first -> {
                      AtomicFile.write(file, second -> text(second, "second"));
                      text(first, "first");
                    }))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("something else began to write it at the same time");
    try (var content = Files.list(directory)) {
      assertThat(content).containsExactly(file);
    }
    assertThat(file).hasContent("second");
  }

  /** What the first has moved by then would be half of what the second writes. */
  @Test
  void aWriterThatEndsWhileAnotherWritesMovesNothing() throws Exception {
    Path file = directory.resolve("f");
    CountDownLatch firstBegan = new CountDownLatch(1);
    CountDownLatch secondBegan = new CountDownLatch(1);
    try (ExecutorService pool = Executors.newSingleThreadExecutor()) {
      Future<?> first =
          pool.submit(
              () ->
                  AtomicFile.write(
                      file,
                      out -> {
                        text(out, "first");
                        firstBegan.countDown();
                        await(secondBegan);
                      }));
      await(firstBegan);
      AtomicFile.write(
          file,
          out -> {
            text(out, "sec");
            secondBegan.countDown();
            assertThatThrownBy(first::get)
                .hasRootCauseInstanceOf(JditException.class)
                .hasMessageContaining("something else began to write it at the same time");
            assertThat(file).doesNotExist();
            text(out, "ond");
          });
    }
    assertThat(file).hasContent("second");
    assertThat(entries()).containsExactly("f");
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(1, TimeUnit.MINUTES)).isTrue();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private List<String> entries() throws IOException {
    try (var content = Files.list(directory)) {
      return content.map(f -> f.getFileName().toString()).sorted().toList();
    }
  }

  /** So leftovers are found without a search of the directory, which may hold a million files. */
  @Test
  void theHiddenNameIsOneForEachTarget() throws IOException {
    Set<String> hidden = new TreeSet<>();
    for (int i = 0; i < 3; i++) {
      AtomicFile.write(directory.resolve("f"), _ -> hidden.addAll(entries()));
    }
    assertThat(hidden).hasSize(2).contains("f").allMatch(n -> n.matches("f|\\.jdit-.*\\.tmp"));
    AtomicFile.write(directory.resolve("g"), _ -> hidden.addAll(entries()));
    assertThat(hidden).hasSize(3);
  }

  @Test
  void leftoversThatCannotBeDeletedAreNamed() throws IOException {
    Path file = directory.resolve("f");
    List<Path> hidden = new ArrayList<>();
    AtomicFile.write(file, _ -> hidden.add(directory.resolve(entries().getFirst())));
    assertThatThrownBy(
            () ->
                AtomicFile.write(
                    file,
                    _ -> {
                      throw new FileAlreadyExistsException(hidden.getFirst().toString());
                    }))
        .isInstanceOf(JditException.class)
        .hasMessage(
            "cannot write %s: something else writes it, or left %s and it cannot be deleted",
            file, hidden.getFirst());
  }

  @Test
  void aDirectoryIsClearedOfAllLeftovers() throws IOException {
    Files.writeString(directory.resolve("f"), "x");
    Files.writeString(directory.resolve(".jdit-notes"), "x");
    Path sub = Files.createDirectory(directory.resolve("sub"));
    Files.createDirectory(sub.resolve(".jdit-a.tmp"));
    Files.writeString(
        Files.createDirectory(directory.resolve(".jdit-a.tmp")).resolve("half"), "half");
    Files.createDirectory(directory.resolve(".jdit-b.tmp"));
    AtomicFile.clearLeftovers(directory);
    assertThat(entries()).containsExactly(".jdit-notes", "f", "sub");
    assertThat(sub).isNotEmptyDirectory();
    assertThatThrownBy(() -> AtomicFile.clearLeftovers(directory.resolve("none")))
        .isInstanceOf(JditException.class)
        .hasMessageStartingWith("cannot read " + directory.resolve("none"));
  }
}
