package org.jdit.dit.cli;

import java.awt.image.BufferedImage;
import java.io.PrintWriter;
import java.nio.channels.Channels;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
  private static final int MOST_GIF = 0xffff;

  /** Of a pixel of the picture: a number, and three bytes of the file as it is put together. */
  private static final int PIXEL_BYTES = 7;

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

    /**
     * Checks, before long work, that pictures of so many images can be made.
     *
     * @param side of an image, in pixels
     * @param animated whether an animation is wanted too
     * @throws JditException if they would be larger than memory or the format allows
     */
    void check(int n, int side, boolean animated) {
      ImageGrid.Size grid = ImageGrid.size(n, side, side, columns);
      long width = grid.width() * enlarge;
      long height = grid.height() * enlarge;
      long most = Math.min(Runtime.getRuntime().maxMemory(), Integer.MAX_VALUE) / PIXEL_BYTES;
      if (width > most / height) {
        throw new JditException(
            "a picture of %d x %d pixels does not fit into memory: choose a smaller --enlarge, or fewer images"
                .formatted(width, height));
      }
      if (animated && Math.max(width, height) > MOST_GIF) {
        throw new JditException(
            "an animation of %d x %d pixels exceeds the %d that a side of a GIF can have: choose a smaller --enlarge, or other --columns"
                .formatted(width, height, MOST_GIF));
      }
    }

    BufferedImage of(Samples samples) {
      return ImageGrid.enlarged(samples.grid(columns), enlarge);
    }
  }

  private String json() {
    return JsonMapper.shared().writeValueAsString(parameters);
  }

  void picture(Path file) {
    // In this order, so that the same run writes the same bytes.
    Map<String, String> text = new LinkedHashMap<>();
    text.put("Software", "JDiT");
    text.put("parameters", json());
    Png.write(file, layout.of(samples), text);
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
