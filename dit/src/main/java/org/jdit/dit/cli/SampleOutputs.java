package org.jdit.dit.cli;

import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jdit.dit.image.AnimatedGif;
import org.jdit.dit.sample.DitPipeline;
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
 * @param parameters what was sampled with, kept in the files' metadata
 */
record SampleOutputs(
    Samples samples,
    Map<String, Object> parameters,
    SampleRequest request,
    DitPipeline pipeline,
    Memory memory) {
  private static final int FRAME_CENTISECONDS = 10;
  private static final int LAST_CENTISECONDS = 200;

  /**
   * Checks, before long work, that files can be written.
   *
   * @throws JditException naming the first one that cannot
   */
  static void check(List<Path> files) {
    for (Path file : files) {
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

  private String json() {
    return JsonMapper.shared().writeValueAsString(parameters);
  }

  void picture(Path file) {
    samples.writePng(file, Map.of("Software", "JDiT", "parameters", json()));
  }

  void latents(Path file) {
    try (TensorScope scope = TensorScope.open(memory)) {
      Npy.write(file, scope.of(samples.latentShape(), samples.latents()));
    }
  }

  void animation(Path file, List<float[]> moments) {
    AtomicFile.write(
        file,
        out -> {
          try (AnimatedGif gif = new AnimatedGif(Channels.newOutputStream(out))) {
            for (int i = 0; i < moments.size(); i++) {
              float[] latents = moments.get(i);
              Samples moment =
                  new Samples(
                      samples.latentShape(),
                      latents,
                      samples.imageShape(),
                      pipeline.decode(latents, Listener.NONE));
              boolean last = i == moments.size() - 1;
              gif.add(moment.grid(), last ? LAST_CENTISECONDS : FRAME_CENTISECONDS);
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
