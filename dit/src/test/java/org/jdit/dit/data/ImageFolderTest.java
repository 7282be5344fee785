package org.jdit.dit.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.jdit.dit.data.ImageFolder.Example;
import org.jdit.tensor.JditException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Folders are numbered as torchvision numbers them, and what cannot be trained on is named. */
class ImageFolderTest {
  private static final Path PICTURES = Path.of("src/test/resources/pictures");

  @TempDir private Path root;

  private void put(String... files) throws IOException {
    for (String file : files) {
      Path to = root.resolve(file);
      Files.createDirectories(to.getParent());
      Files.copy(PICTURES.resolve("gray1.png"), to);
    }
  }

  private List<String> listed() {
    return ImageFolder.of(root).examples().stream()
        .map(e -> e.label() + " " + root.relativize(e.file()).toString().replace('\\', '/'))
        .toList();
  }

  /**
   * The order is that of Python's sorted(os.walk(...)) and sorted(names), which torchvision uses.
   */
  @Test
  void classesAndFilesAreSortedAsInPython() throws IOException {
    put(
        "b/z.png",
        "b/A.JPEG",
        "b/a/1.gif",
        "b/a/x/3.png",
        "b/a-b/2.bmp",
        "b/a.webp",
        "Z/10.jpg",
        "Z/9.jpg");
    assertThat(ImageFolder.of(root).classes()).containsExactly("Z", "b");
    assertThat(listed())
        .containsExactly(
            "0 Z/10.jpg",
            "0 Z/9.jpg",
            "1 b/A.JPEG",
            "1 b/a.webp",
            "1 b/z.png",
            "1 b/a/1.gif",
            "1 b/a-b/2.bmp",
            "1 b/a/x/3.png");
  }

  /** U+FFxx sorts before U+1Fxxx, though not by UTF-16. */
  @Test
  void namesAreComparedByCodePoint() throws IOException {
    put("c/\ud83e\udd8a.png", "c/\uff41.png", "c/é.png");
    assertThat(listed()).containsExactly("0 c/é.png", "0 c/\uff41.png", "0 c/\ud83e\udd8a.png");
  }

  @Test
  void hiddenAndOtherFilesArePassedOver() throws IOException {
    put("a/1.png", "a/._1.png", "a/.cache/2.png", ".git/3.png", "a/notes.txt", "a/png", "top.png");
    assertThat(listed()).containsExactly("0 a/1.png");
  }

  @Test
  void linksAreFollowed() throws IOException {
    put("a/1.png");
    Path elsewhere = Files.createDirectory(root.resolve(".elsewhere"));
    Files.copy(PICTURES.resolve("gray1.png"), elsewhere.resolve("2.png"));
    Files.createSymbolicLink(root.resolve("b"), elsewhere);
    assertThat(listed()).containsExactly("0 a/1.png", "1 b/2.png");
    Files.createSymbolicLink(elsewhere.resolve("loop"), elsewhere);
    assertThatThrownBy(() -> ImageFolder.of(root))
        .isInstanceOf(JditException.class)
        .hasMessageStartingWith("cannot list " + root)
        .hasMessageContaining("loop");
  }

  @Test
  void foldersWithoutClassesAreRefused() throws IOException {
    assertThatThrownBy(() -> ImageFolder.of(root.resolve("none")))
        .isInstanceOf(JditException.class)
        .hasMessage("there is no folder of training images " + root.resolve("none"));
    Files.createFile(root.resolve("1.png"));
    assertThatThrownBy(() -> ImageFolder.of(root))
        .isInstanceOf(JditException.class)
        .hasMessageStartingWith(root + " has no folders");
    assertThatThrownBy(() -> ImageFolder.of(root.resolve("1.png")))
        .hasMessageStartingWith("there is no folder");
  }

  @Test
  void classesWithoutPicturesAreNamed() throws IOException {
    put("a/1.png", "b/x.txt");
    Files.createDirectories(root.resolve("c/d"));
    assertThatThrownBy(() -> ImageFolder.of(root))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("2 of the 3 class folders")
        .hasMessageEndingWith(": b, c");
  }

  @Test
  void picturesThatOnlyTorchvisionReadsAreNotPassedOver() throws IOException {
    put("a/1.png", "a/2.tiff");
    assertThatThrownBy(() -> ImageFolder.of(root))
        .isInstanceOf(JditException.class)
        .hasMessage(
            root.resolve("a/2.tiff")
                + " is of a kind that is not read: convert it to png, or take it away");
  }

  @Test
  void everyUnreadablePictureIsFound() throws IOException {
    for (int i = 0; i < 30; i++) {
      put("a/%02d.png".formatted(i));
    }
    Files.write(root.resolve("a/07.png"), new byte[0]);
    Files.write(root.resolve("a/21.png"), new byte[] {1});
    List<Integer> heard = new ArrayList<>();
    ImageFolder folder = ImageFolder.of(root);
    List<ImageFolder.Unreadable> unreadable = folder.unreadable(heard::add);
    assertThat(unreadable)
        .extracting(ImageFolder.Unreadable::file)
        .containsExactly(root.resolve("a/07.png"), root.resolve("a/21.png"));
    assertThat(unreadable.getFirst().reason())
        .isEqualTo("cannot read picture " + root.resolve("a/07.png") + ": it is empty");
    assertThat(heard).isEqualTo(IntStream.rangeClosed(1, 30).boxed().toList());
  }

  @Test
  void anInterruptEndsTheReading() throws IOException {
    put("a/1.png");
    ImageFolder folder = ImageFolder.of(root);
    Thread.currentThread().interrupt();
    assertThatThrownBy(() -> folder.unreadable(_ -> {})).isInstanceOf(JditException.class);
    assertThat(Thread.interrupted()).isTrue();
  }

  /** What is wrong with the machine says nothing about the pictures. */
  @Test
  void errorsComeOutAsTheyAre() throws IOException {
    put("a/1.png");
    ImageFolder folder = ImageFolder.of(root);
    OutOfMemoryError heap = new OutOfMemoryError("Java heap space");
    assertThatThrownBy(
            () ->
                folder.unreadable(
                    _ -> {
                      throw heap;
                    }))
        .isSameAs(heap);
  }

  @Test
  void picturesThatAreLinksToNothingAreFound() throws IOException {
    put("a/1.png");
    Path link = Files.createSymbolicLink(root.resolve("a/2.png"), root.resolve("gone.png"));
    assertThat(listed()).containsExactly("0 a/1.png", "0 a/2.png");
    assertThat(ImageFolder.of(root).unreadable(_ -> {}))
        .containsExactly(
            new ImageFolder.Unreadable(
                link, "cannot read picture " + link + ": it does not exist"));
    assertThatThrownBy(() -> ImageFolder.of(root).fingerprint())
        .isInstanceOf(JditException.class)
        .hasMessage("cannot read picture " + link + ": it does not exist");
  }

  /** Left out, it would give other classes another label. */
  @Test
  void linksToNothingAmongTheClassesAreRefused() throws IOException {
    put("b/1.png");
    Files.createSymbolicLink(root.resolve(".a"), root.resolve("gone"));
    assertThat(listed()).containsExactly("0 b/1.png");
    Path link = Files.createSymbolicLink(root.resolve("a"), root.resolve("gone"));
    assertThatThrownBy(() -> ImageFolder.of(root))
        .isInstanceOf(JditException.class)
        .hasMessageStartingWith(link + " is a link to nothing");
  }

  @Test
  void foldersAreNoPicturesWhateverTheirNames() throws IOException {
    put("a/scans.tif/1.png", "a/2.png/3.png");
    assertThat(listed()).containsExactly("0 a/2.png/3.png", "0 a/scans.tif/1.png");
  }

  @Test
  void itsListsAreItsOwn() {
    List<Example> examples = new ArrayList<>(List.of(new Example(root, 0)));
    ImageFolder folder = new ImageFolder(root, List.of("a"), examples);
    examples.clear();
    assertThat(folder.examples()).hasSize(1);
  }
}
