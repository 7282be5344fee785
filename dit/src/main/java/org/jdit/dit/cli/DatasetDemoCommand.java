package org.jdit.dit.cli;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jdit.dit.demo.DemoDrawings;
import org.jdit.dit.demo.DemoSet;
import org.jdit.dit.image.Png;
import org.jdit.tensor.JditException;
import org.jdit.tensor.io.AtomicFile;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code jdit dataset demo}: the drawings of {@link DemoSet} as files. */
@Command(
    name = "demo",
    sortOptions = false,
    description = {
      "Draws a data set: small colourful pictures of twelve things.",
      "",
      "Nothing is downloaded. The classes are heart, star, moon, flower, tree, mushroom, house,"
          + " sailboat, fish, butterfly, cat and mug. Colours, size, place, rotation, outline and"
          + " shape differ from drawing to drawing. The same seed gives the same pixels,"
          + " and more drawings per class begin with those of fewer.",
      "",
      "DIR gets a folder of PNG files for each class, 00_heart to 11_mug, whose order is that of"
          + " the labels, and classes.txt with a class name per line. It appears when it is"
          + " complete.",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  jdit dataset demo --out drawings",
      "  jdit dataset demo --out more --per-class 5000 --size 64 --seed 1"
    })
final class DatasetDemoCommand implements Callable<Integer> {
  private static final int SHOW_EVERY = 100;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "DIR",
      description = "Directory to make; one that is there must be empty.")
  private Path out;

  @Option(
      names = "--per-class",
      defaultValue = "1000",
      paramLabel = "N",
      description = "Drawings of each class, 1 to 1000000. Default: ${DEFAULT-VALUE}.")
  private int perClass;

  @Option(
      names = "--size",
      defaultValue = "32",
      paramLabel = "PIXELS",
      description = "Width and height, 16 to 512. Default: ${DEFAULT-VALUE}.")
  private int size;

  @Option(
      names = "--seed",
      defaultValue = "0",
      paramLabel = "N",
      description = "Another seed gives other drawings. Default: ${DEFAULT-VALUE}.")
  private long seed;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    DemoSet set = set();
    AtomicFile.writeDirectory(out, directory -> write(set, directory));
    spec.commandLine()
        .getOut()
        .printf(
            "%s: %d drawings of %d x %d pixels in %d classes%n",
            out, set.count(), size, size, DemoDrawings.CLASSES.size());
    return 0;
  }

  private DemoSet set() {
    try {
      return new DemoSet(perClass, size, seed);
    } catch (JditException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
  }

  private void write(DemoSet set, Path directory) throws IOException {
    ProgressBar progress = new ProgressBar(spec.commandLine().getErr(), "drawing");
    for (int i = 0; i < set.count(); i++) {
      int label = set.label(i);
      Path folder = directory.resolve("%02d_%s".formatted(label, DemoDrawings.CLASSES.get(label)));
      Files.createDirectories(folder);
      write(set.draw(i), folder.resolve("%06d.png".formatted(i % set.perClass())));
      if ((i + 1) % SHOW_EVERY == 0 || i + 1 == set.count()) {
        progress.show(i + 1L, set.count());
      }
    }
    Files.writeString(
        directory.resolve("classes.txt"), String.join("\n", DemoDrawings.CLASSES) + "\n");
  }

  private static void write(BufferedImage image, Path file) throws IOException {
    try (OutputStream stream = Files.newOutputStream(file)) {
      Png.write(image, Map.of(), stream);
    }
  }
}
