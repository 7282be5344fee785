package org.jdit.dit.data;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.IntConsumer;
import java.util.stream.Stream;
import org.jdit.tensor.JditException;

/**
 * Pictures sorted into a folder for each class, numbered as torchvision's {@code ImageFolder}
 * numbers them: classes and files in the order of their names' code points.
 *
 * @param root the folder of the classes' folders
 * @param classes their names, by label
 * @param examples all pictures, class by class
 */
public record ImageFolder(Path root, List<String> classes, List<Example> examples) {
  private static final Set<String> READ = Set.of("jpg", "jpeg", "png", "gif", "bmp", "webp");

  /** What torchvision takes beyond that: left out in silence, it would change the data set. */
  private static final Set<String> REFUSED = Set.of("ppm", "pgm", "tif", "tiff");

  /** What Java puts in the place of bytes that are no characters. */
  private static final char NO_CHARACTER = '\ufffd';

  /** Python compares strings by code point, and so do their bytes in UTF-8. */
  private static final Comparator<String> BY_CODE_POINT =
      (a, b) ->
          Arrays.compareUnsigned(
              a.getBytes(StandardCharsets.UTF_8), b.getBytes(StandardCharsets.UTF_8));

  /**
   * A picture and its class.
   *
   * @param label index in {@link #classes}
   */
  public record Example(Path file, int label) {}

  /**
   * A picture that cannot be trained on.
   *
   * @param reason a sentence that names the file
   */
  public record Unreadable(Path file, String reason) {}

  /** Keeps copies of the lists. */
  public ImageFolder {
    classes = List.copyOf(classes);
    examples = List.copyOf(examples);
  }

  /**
   * Lists a folder: each folder in it is a class, each file below that with the ending jpg, jpeg,
   * png, gif, bmp or webp (in capitals, too) a picture of it. Links are followed, and a picture may
   * be a link to nothing, which {@link #unreadable} finds; hidden files and folders (their names
   * begin with a dot) and files with other endings are passed over. torchvision would pass over gif
   * and take hidden ones.
   *
   * @throws JditException if the folder is missing or cannot be listed, has no class or a class
   *     without pictures, holds a link to nothing where classes are, ppm, pgm, tif or tiff
   *     pictures, which are not read, or names that the locale's character set does not have
   */
  public static ImageFolder of(Path root) {
    if (!Files.isDirectory(root)) {
      throw new JditException("there is no folder of training images " + root);
    }
    try {
      List<String> classes = classes(root);
      if (classes.isEmpty()) {
        throw new JditException(
            root + " has no folders: put the images of each class into a folder of their own");
      }
      List<Example> examples = new ArrayList<>();
      List<String> empty = new ArrayList<>();
      for (int label = 0; label < classes.size(); label++) {
        List<Path> files = files(root.resolve(classes.get(label)));
        if (files.isEmpty()) {
          empty.add(classes.get(label));
        }
        for (Path file : files) {
          examples.add(new Example(file, label));
        }
      }
      if (!empty.isEmpty()) {
        throw new JditException(
            "no image (jpg, jpeg, png, gif, bmp, webp) in %s of the %d class folders of %s: %s"
                .formatted(empty.size(), classes.size(), root, first(empty)));
      }
      return new ImageFolder(root, classes, examples);
    } catch (IOException e) {
      throw new JditException("cannot list " + root + ": " + e, e);
    } catch (UncheckedIOException e) {
      throw new JditException("cannot list " + root + ": " + e.getCause(), e);
    }
  }

  private static List<String> classes(Path root) throws IOException {
    try (Stream<Path> entries = Files.list(root)) {
      return entries
          .filter(entry -> !hidden(entry.getFileName()))
          .filter(ImageFolder::isClass)
          .map(ImageFolder::name)
          .sorted(BY_CODE_POINT)
          .toList();
    }
  }

  private static boolean isClass(Path entry) {
    if (Files.isSymbolicLink(entry) && !Files.exists(entry)) {
      throw new JditException(
          entry
              + " is a link to nothing, maybe to the folder of a class: mend it, or take it away");
    }
    if (!Files.isDirectory(entry)) {
      return false;
    }
    checkName(entry);
    return true;
  }

  /** By the path of the folder they are in, as a whole, then by name. */
  private static List<Path> files(Path folder) throws IOException {
    try (Stream<Path> all = Files.walk(folder, FileVisitOption.FOLLOW_LINKS)) {
      return all.filter(file -> !hidden(folder.relativize(file)))
          .filter(file -> !Files.isDirectory(file))
          .filter(ImageFolder::isPicture)
          .sorted(
              Comparator.comparing((Path file) -> slashes(file.getParent()), BY_CODE_POINT)
                  .thenComparing(ImageFolder::name, BY_CODE_POINT))
          .toList();
    }
  }

  /** Whether a relative path, or a folder on it, is hidden. */
  static boolean hidden(Path inside) {
    for (Path part : inside) {
      if (part.toString().startsWith(".")) {
        return true;
      }
    }
    return false;
  }

  private static boolean isPicture(Path file) {
    String name = name(file);
    String ending = name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
    if (REFUSED.contains(ending) && name.length() > ending.length()) {
      throw new JditException(
          file + " is of a kind that is not read: convert it to png, or take it away");
    }
    if (!READ.contains(ending) || name.length() == ending.length()) {
      return false;
    }
    checkName(file);
    return true;
  }

  private static String slashes(Path folder) {
    return folder.toString().replace(folder.getFileSystem().getSeparator(), "/");
  }

  private static String name(Path file) {
    return file.getFileName().toString();
  }

  /** Names that are not read as they are would be sorted otherwise, or not be found. */
  private static void checkName(Path file) {
    if (file.toString().indexOf(NO_CHARACTER) >= 0) {
      throw new JditException(
          "the name of %s has characters that this locale cannot read: set LC_ALL=C.UTF-8, or rename it"
              .formatted(file));
    }
  }

  private static String first(List<String> names) {
    int shown = Math.min(names.size(), 10);
    return String.join(", ", names.subList(0, shown)) + (shown < names.size() ? ", …" : "");
  }

  /**
   * A digest of the names and sizes of all pictures, wherever the folder lies, and of the bytes of
   * some.
   *
   * @throws JditException if one is missing, or one of those cannot be read
   */
  String fingerprint() {
    Fingerprint print = new Fingerprint();
    for (Example e : examples) {
      print.add(slashes(root.relativize(e.file())));
      print.add(Long.toString(bytes(e.file())));
    }
    for (int i : Fingerprint.chosen(examples.size()).toArray()) {
      try (InputStream in = Files.newInputStream(examples.get(i).file())) {
        print.add(in);
      } catch (IOException e) {
        throw unreadable(examples.get(i).file(), e);
      }
    }
    return print.hex();
  }

  private static long bytes(Path file) {
    try {
      BasicFileAttributes is = Files.readAttributes(file, BasicFileAttributes.class);
      if (!is.isRegularFile()) {
        throw new JditException("cannot read picture " + file + ": it is no file");
      }
      return is.size();
    } catch (IOException e) {
      throw unreadable(file, e);
    }
  }

  private static JditException unreadable(Path file, IOException e) {
    String reason =
        switch (e) {
          case NoSuchFileException _ -> "it does not exist";
          case AccessDeniedException _ -> "permission denied";
          default -> e.getMessage();
        };
    return new JditException("cannot read picture %s: %s".formatted(file, reason), e);
  }

  /**
   * Reads every picture once, on all processors, to find those that would end a training run.
   *
   * @param progress hears how many were read: 1, 2, … in turn, on any thread but never two at once
   * @return those that cannot be read, in the order of {@link #examples}; what to do about them is
   *     the caller's choice
   * @throws JditException if the calling thread is interrupted
   */
  public List<Unreadable> unreadable(IntConsumer progress) {
    return new Verification(examples, progress).run();
  }
}
