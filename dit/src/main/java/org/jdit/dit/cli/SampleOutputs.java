package org.jdit.dit.cli;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jdit.dit.image.AnimatedGif;
import org.jdit.dit.image.ImageGrid;
import org.jdit.dit.image.Png;
import org.jdit.dit.sample.DitPipeline;
import org.jdit.dit.sample.ImageDecoder;
import org.jdit.dit.sample.Listener;
import org.jdit.dit.sample.SampleRequest;
import org.jdit.dit.sample.Samples;
import org.jdit.tensor.JditException;
import org.jdit.tensor.io.AtomicFile;
import org.jdit.tensor.io.Npy;
import org.jdit.tensor.io.SafetensorsWriter;
import org.jdit.tensor.io.TensorEntry;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.memory.TensorScope;
import tools.jackson.databind.json.JsonMapper;

/**
 * The files that sampling leaves.
 *
 * @param layout how pictures are laid out
 * @param parameters what was sampled with, kept in the files' metadata
 */
record SampleOutputs(
    Samples samples,
    Layout layout,
    Map<String, Object> parameters,
    SampleRequest request,
    DitPipeline pipeline,
    Memory memory) {
  private static final int FRAME_CENTISECONDS = 10;
  private static final int MOST_ENLARGED = 64;
  private static final int LAST_CENTISECONDS = 200;

  /**
   * How images are put into one picture.
   *
   * @param columns images in a row, 1 or more
   * @param enlarge the side of the square that a pixel becomes, 1 or more
   */
  record Layout(int columns, int enlarge) {
    /** Checks the ranges. */
    Layout {
      if (columns < 1 || enlarge < 1 || enlarge > MOST_ENLARGED) {
        throw new JditException(
            "--columns is 1 or more and --enlarge 1 to %d, not %d and %d"
                .formatted(MOST_ENLARGED, columns, enlarge));
      }
    }

    BufferedImage of(Samples samples) {
      return ImageGrid.enlarged(samples.grid(columns), enlarge);
    }
  }

  /**
   * Checks, before long work, that files can be written, and each to a place of its own.
   *
   * @param inputs files that must not be overwritten
   * @throws JditException naming the first one that cannot
   */
  static void check(List<Path> files, List<Path> inputs) {
    Set<Path> taken = new HashSet<>();
    inputs.forEach(file -> taken.add(real(file)));
    for (Path file : files) {
      if (!taken.add(real(file))) {
        throw new JditException("%s is named twice: choose another output".formatted(file));
      }
      Path directory = file.toAbsolutePath().getParent();
      if (directory == null || !Files.isDirectory(directory)) {
        throw new JditException(
            "cannot write %s: there is no directory %s".formatted(file, directory));
      }
      if (!Files.isWritable(directory)) {
        throw new JditException(
            "cannot write %s: the directory %s is not writable".formatted(file, directory));
      }
      if (Files.isDirectory(file)) {
        throw new JditException("cannot write %s: it is a directory".formatted(file));
      }
    }
  }

  /** The file itself, whatever links lead to it. */
  static Path real(Path file) {
    try {
      return file.toRealPath();
    } catch (IOException e) {
      return file.toAbsolutePath().normalize();
    }
  }

  private String json() {
    return JsonMapper.shared().writeValueAsString(parameters);
  }

  void picture(Path file) {
    Png.write(file, layout.of(samples), Map.of("Software", "JDiT", "parameters", json()));
  }

  void latents(Path file) {
    try (TensorScope scope = TensorScope.open(memory)) {
      Npy.write(file, scope.of(samples.latentShape(), samples.latents()));
    }
  }

  void animation(Path file, List<float[]> moments, PrintWriter err) {
    ProgressBar progress = new ProgressBar(err, "animating");
    AtomicFile.write(
        file,
        out -> {
          try (ImageDecoder decoder = pipeline.decoder(Listener.NONE);
              AnimatedGif gif = new AnimatedGif(Channels.newOutputStream(out))) {
            for (int i = 0; i < moments.size(); i++) {
              float[] latents = moments.get(i);
              float[] images = decoder.decode(latents, Listener.NONE);
              Samples moment =
                  new Samples(samples.latentShape(), latents, samples.imageShape(), images);
              boolean last = i == moments.size() - 1;
              gif.add(layout.of(moment), last ? LAST_CENTISECONDS : FRAME_CENTISECONDS);
              progress.show(i + 1L, moments.size());
            }
          }
        });
  }

  void activations(Path file) {
    try (TensorScope scope = TensorScope.open(memory)) {
      SafetensorsWriter.write(
          file,
          Map.of("parameters", json()),
          pipeline.activations(request, scope).entrySet().stream()
              .sorted(Map.Entry.comparingByKey())
              .map(e -> TensorEntry.of(e.getKey(), e.getValue()))
              .toList());
    }
  }
}
