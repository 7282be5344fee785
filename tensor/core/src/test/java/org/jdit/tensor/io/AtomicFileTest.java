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
import java.nio.file.Files;
import java.nio.file.Path;
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
}
