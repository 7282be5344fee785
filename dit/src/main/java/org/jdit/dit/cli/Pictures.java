package org.jdit.dit.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jdit.dit.data.ImageFolder;
import org.jdit.tensor.JditException;

/** Folders of pictures that are all read once before they are used. */
final class Pictures {
  private Pictures() {}

  /**
   * Lists a folder and reads its pictures.
   *
   * @param skipUnreadable whether those that cannot be read are left out, which is said
   * @throws JditException if the folder is not as it should be, or a picture cannot be read
   */
  static ImageFolder in(Path root, boolean skipUnreadable, PrintWriter err) {
    ImageFolder folder = ImageFolder.of(root);
    ProgressBar progress = new ProgressBar(err, "checking images");
    int count = folder.examples().size();
    List<ImageFolder.Unreadable> unreadable = folder.unreadable(done -> progress.show(done, count));
    if (unreadable.isEmpty()) {
      return folder;
    }
    String found =
        "%d of %d images cannot be read, such as: %s"
            .formatted(unreadable.size(), count, unreadable.getFirst().reason());
    if (!skipUnreadable || unreadable.size() == count) {
      throw new JditException(
          found
              + (skipUnreadable
                  ? "; none is left"
                  : "; remove them, or leave them out with --skip-unreadable"));
    }
    err.println("jdit: " + found + "; they are left out");
    Set<Path> bad =
        unreadable.stream().map(ImageFolder.Unreadable::file).collect(Collectors.toSet());
    return new ImageFolder(
        folder.root(),
        folder.classes(),
        folder.examples().stream().filter(e -> !bad.contains(e.file())).toList());
  }
}
