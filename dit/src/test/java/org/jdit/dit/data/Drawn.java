package org.jdit.dit.data;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jdit.dit.demo.DemoSet;
import org.jdit.dit.image.Png;

/** Drawings in folders, and what folders hold. */
final class Drawn {
  private Drawn() {}

  /** Drawings of different sizes, {@code count} of each of twelve classes. */
  static ImageFolder folder(Path root, int count) throws IOException {
    for (int size : new int[] {16, 24}) {
      DemoSet set = new DemoSet(count, size, size);
      for (int i = size == 16 ? 0 : 1; i < set.count(); i += 2) {
        put(root.resolve("%02d/%d.png".formatted(set.label(i), i)), set.draw(i));
      }
    }
    return ImageFolder.of(root);
  }

  static void put(Path file, BufferedImage image) throws IOException {
    Files.createDirectories(file.getParent());
    try (OutputStream out = Files.newOutputStream(file)) {
      Png.write(image, Map.of(), out);
    }
  }

  /** Content by path. */
  static Map<String, String> files(Path directory) throws IOException {
    Map<String, String> files = new TreeMap<>();
    try (Stream<Path> all = Files.walk(directory)) {
      for (Path file : all.filter(Files::isRegularFile).toList()) {
        files.put(
            directory.relativize(file).toString(),
            HexFormat.of().formatHex(Files.readAllBytes(file)));
      }
    }
    return files;
  }
}
