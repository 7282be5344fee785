package org.jdit.bench;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jdit.dit.model.DiT;
import org.jdit.dit.sample.DitPipeline;
import org.jdit.dit.sample.Listener;
import org.jdit.dit.sample.Model;
import org.jdit.dit.sample.SampleRequest;
import org.jdit.tensor.spi.Backend;
import org.jdit.tensor.spi.Executable;
import org.jdit.tensor.spi.Resident;

/** Sampling from files to images, timed from the opening of the files on. */
public final class EndToEnd {
  private static final double NANO = 1e-9;

  private EndToEnd() {}

  /**
   * Samples and decodes once, as a user who has just started does.
   *
   * @param images how many, at once
   * @param steps at least 2, since the first one is not like the others
   * @return figures by name, times in seconds
   */
  public static Map<String, Object> measure(
      Backend backend, Path dit, Path vae, int images, int steps) {
    long start = System.nanoTime();
    Map<String, Object> f = new LinkedHashMap<>();
    try (Model model = Model.open(dit, vae)) {
      f.put("model", model.recognition().config().name());
      f.put("images", images);
      f.put("image_size", model.imageSize());
      f.put("steps", steps);
      Ticks ticks = new Ticks();
      List<Integer> labels = Collections.nCopies(images, 0);
      SampleRequest request =
          SampleRequest.of(labels.toArray(Integer[]::new)).with("ddpm", Integer.toString(steps));
      try (DitPipeline pipeline = new DitPipeline(backend, model)) {
        pipeline.sample(request, ticks);
      }
      f.put("seconds_to_first_step", (ticks.steps.getFirst() - start) * NANO);
      f.put("seconds_per_step", median(ticks.steps));
      f.put(
          "seconds_to_first_image_decoded",
          (ticks.images.getFirst() - ticks.steps.getLast()) * NANO);
      if (images > 1) {
        f.put("seconds_per_image_decoded", median(ticks.images));
      }
      f.put("seconds", (ticks.images.getLast() - start) * NANO);
      Machine.peakResidentBytes().ifPresent(bytes -> f.put("peak_resident_bytes", bytes));
      f.put("load_seconds", load(backend, model, images));
    }
    return f;
  }

  /** Compiling a step's network and loading its weights, from files that are in memory by now. */
  private static double load(Backend backend, Model model, int images) {
    var config = model.recognition().config();
    long start = System.nanoTime();
    try (Resident resident = backend.newResident();
        Executable _ = backend.compile(Workload.forward(config, images).program(), resident)) {
      DiT.stateDict(config).load(model.dit(), resident, backend.memory());
      return (System.nanoTime() - start) * NANO;
    }
  }

  private static double median(List<Long> moments) {
    List<Double> seconds = new ArrayList<>();
    for (int i = 1; i < moments.size(); i++) {
      seconds.add((moments.get(i) - moments.get(i - 1)) * NANO);
    }
    return new Timing(seconds).median();
  }

  /** The moments of progress. */
  private static final class Ticks implements Listener {
    private final List<Long> steps = new ArrayList<>();
    private final List<Long> images = new ArrayList<>();

    @Override
    public void sampled(int done, int total, Supplier<float[]> latents) {
      steps.add(System.nanoTime());
    }

    @Override
    public void decoded(int done, int total) {
      images.add(System.nanoTime());
    }
  }
}
