package org.jdit.dit.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.Supplier;
import org.jdit.dit.sample.Listener;

/** Shows sampling on the error stream, keeps latents for an animation, and takes the times. */
final class SampleProgress implements Listener {
  private static final int FRAMES = 40;

  private final PrintWriter err;
  private final long start;
  private final List<float[]> frames = new ArrayList<>();
  private final List<Double> stepSeconds = new ArrayList<>();
  private final boolean keepFrames;
  private final ProgressBar steps;
  private final ProgressBar images;
  private long last;
  private double firstStep;

  /**
   * Nothing has happened yet.
   *
   * @param start a {@link System#nanoTime} from which times count
   * @param keepFrames whether latents on their way are wanted
   */
  SampleProgress(PrintWriter err, long start, boolean keepFrames) {
    this.err = err;
    this.start = start;
    this.last = start;
    this.keepFrames = keepFrames;
    this.steps = new ProgressBar(err, "sampling");
    this.images = new ProgressBar(err, "decoding");
  }

  @Override
  public void notFinite(String key) {
    err.println("jdit: warning: weights " + key + " hold NaN or infinity");
  }

  @Override
  public void sampled(int done, int total, Supplier<float[]> latents) {
    long now = System.nanoTime();
    if (done == 1) {
      firstStep = (now - start) * 1e-9;
    } else {
      stepSeconds.add((now - last) * 1e-9);
    }
    last = now;
    boolean moment = done == total || (long) done * FRAMES / total != (done - 1L) * FRAMES / total;
    if (keepFrames && moment) {
      frames.add(latents.get());
    }
    steps.show(done, total);
  }

  @Override
  public void decoded(int done, int total) {
    images.show(done, total);
  }

  /** Latents of at most 40 moments, the last one included. */
  List<float[]> frames() {
    return frames;
  }

  /** What was measured. */
  Map<String, Object> figures() {
    Map<String, Object> f = new LinkedHashMap<>();
    f.put("seconds_to_first_step", firstStep);
    f.put("seconds_per_step", median());
    f.put("seconds", (System.nanoTime() - start) * 1e-9);
    peakRss().ifPresent(bytes -> f.put("peak_rss_bytes", bytes));
    return f;
  }

  private double median() {
    double[] sorted = stepSeconds.stream().mapToDouble(s -> s).sorted().toArray();
    return sorted.length == 0 ? firstStep : sorted[sorted.length / 2];
  }

  /** The largest resident size of this process so far, where the system tells. */
  private static OptionalLong peakRss() {
    Path status = Path.of("/proc/self/status");
    if (!Files.isReadable(status)) {
      return OptionalLong.empty();
    }
    try {
      return Arrays.stream(Files.readString(status).split("\n"))
          .filter(line -> line.startsWith("VmHWM:"))
          .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
          .findFirst();
    } catch (IOException e) {
      return OptionalLong.empty();
    }
  }
}
