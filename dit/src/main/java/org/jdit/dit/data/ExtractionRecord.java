package org.jdit.dit.data;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jdit.dit.data.FeatureExtraction.Format;
import org.jdit.dit.data.FeatureExtraction.Settings;
import org.jdit.dit.sample.Model;
import org.jdit.tensor.JditException;
import org.jdit.tensor.io.AtomicFile;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * What an extraction makes of what, kept beside the features so that it goes on as it began.
 *
 * @param values by the names that users know them by
 */
record ExtractionRecord(Map<String, String> values) {
  private static final String FILE = "extraction.json";
  private static final String IMAGES = "images";
  private static final String CLASSES = "classes";

  /** Copies the map, in the order of the names. */
  ExtractionRecord {
    values = new TreeMap<>(values);
  }

  /**
   * The record of an extraction to come.
   *
   * @param fewer whether pictures are yet to be left out: then it does not say which they are
   * @throws JditException if a picture that it tells of is missing
   */
  static ExtractionRecord of(
      Settings settings, ImageFolder folder, Model.Autoencoder vae, boolean fewer) {
    Map<String, String> v = new TreeMap<>();
    v.put("format", settings.format().name().toLowerCase(Locale.ROOT));
    v.put("image-size", Integer.toString(settings.imageSize()));
    v.put(CLASSES, Integer.toString(folder.classes().size()));
    if (!fewer) {
      v.put(IMAGES, Integer.toString(folder.examples().size()));
      v.put("data", folder.fingerprint());
    }
    v.put("vae", PosteriorEncoder.fingerprint(vae));
    if (settings.format() == Format.SAFETENSORS) {
      v.put("per-file", Integer.toString(settings.perFile()));
    } else {
      v.put("global-seed", Long.toString(settings.seed()));
    }
    return new ExtractionRecord(v);
  }

  /**
   * The record in a directory, if JDiT extracted its features.
   *
   * @throws JditException if it is damaged
   */
  static Optional<ExtractionRecord> in(Path directory) {
    Path file = directory.resolve(FILE);
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    try {
      Map<String, String> values = new TreeMap<>();
      JsonMapper.shared()
          .readTree(Files.readString(file))
          .forEachEntry((key, value) -> values.put(key, value.asString()));
      return Optional.of(new ExtractionRecord(values));
    } catch (IOException | JacksonException e) {
      throw damaged(directory, e);
    }
  }

  private static JditException damaged(Path directory, Exception e) {
    return new JditException(
        directory.resolve(FILE) + " cannot be read; extract the features anew", e);
  }

  /** Number of pictures that the extraction is of. */
  int images(Path directory) {
    return count(IMAGES, directory);
  }

  /** Number of classes of those pictures. */
  int classes(Path directory) {
    return count(CLASSES, directory);
  }

  private int count(String name, Path directory) {
    try {
      return Integer.parseInt(values.getOrDefault(name, ""));
    } catch (NumberFormatException e) {
      throw damaged(directory, e);
    }
  }

  /**
   * Begins in a directory, or goes on there.
   *
   * @throws JditException if it was begun otherwise, or holds other files
   */
  void begin(Path directory) {
    if (isIn(directory)) {
      requireSame(directory);
      return;
    }
    try {
      Files.createDirectories(directory);
    } catch (IOException e) {
      throw new JditException("cannot make the folder %s: %s".formatted(directory, e), e);
    }
    AtomicFile.write(
        directory.resolve(FILE),
        out ->
            Channels.newOutputStream(out)
                .write(
                    JsonMapper.shared()
                        .writerWithDefaultPrettyPrinter()
                        .writeValueAsBytes(values)));
  }

  /**
   * Whether an extraction began in a directory; otherwise one may.
   *
   * @throws JditException if it holds files of something else, or is none
   */
  static boolean isIn(Path directory) {
    if (Files.exists(directory.resolve(FILE))) {
      return true;
    }
    if (Files.isDirectory(directory)) {
      requireNoFiles(directory);
    } else if (Files.exists(directory)) {
      throw new JditException(
          "cannot make the folder %s: it is a file; choose another folder for the features"
              .formatted(directory));
    }
    return false;
  }

  /** Folders may be there, since fast-DiT wants them made by hand. */
  private static void requireNoFiles(Path directory) {
    try (Stream<Path> all = Files.walk(directory, 2)) {
      Optional<Path> file =
          all.filter(Files::isRegularFile)
              .filter(f -> !ImageFolder.hidden(directory.relativize(f)))
              .findFirst();
      if (file.isPresent()) {
        throw new JditException(
            "%s holds files of something else, such as %s: choose another folder for the features"
                .formatted(directory, directory.relativize(file.get())));
      }
    } catch (IOException | UncheckedIOException e) {
      throw new JditException("cannot list the folder %s: %s".formatted(directory, e), e);
    }
  }

  /**
   * Compares with the record in a directory, which may say more.
   *
   * @throws JditException naming what differs
   */
  void requireSame(Path directory) {
    Map<String, String> began = in(directory).orElseThrow().values();
    List<String> differences = new ArrayList<>();
    values.forEach(
        (name, value) -> {
          String was = began.getOrDefault(name, "not there");
          if (!value.equals(was)) {
            differences.add("%s was %s, now %s".formatted(name, was, value));
          }
        });
    if (!differences.isEmpty()) {
      throw new JditException(
          "%s was begun with other settings: %s; go on with those, or choose another folder"
              .formatted(directory, String.join("; ", differences)));
    }
  }
}
