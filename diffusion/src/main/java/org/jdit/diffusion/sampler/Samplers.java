package org.jdit.diffusion.sampler;

import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import org.jdit.diffusion.GaussianDiffusion;
import org.jdit.diffusion.schedule.NoiseSchedule;
import org.jdit.diffusion.schedule.Respacing;
import org.jdit.diffusion.schedule.SigmaGrid;
import org.jdit.diffusion.schedule.TimestepSpacing;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Tensor;

/** The samplers by name. */
public final class Samplers {
  private static final List<Entry> ALL =
      List.of(
          new Entry(
              "ddpm", "ancestral sampling (Ho et al. 2020), the official one", Samplers::ddpm),
          new Entry("ddim", "DDIM (Song et al. 2021), with eta", Samplers::ddim),
          new Entry(
              "dpm++2m",
              "DPM-Solver++(2M) (Lu et al. 2022), good from some 20 steps",
              (d, r) -> solver(d, DpmSolver.sampler(open(d, r), 2, false))),
          new Entry(
              "dpm++3m",
              "DPM-Solver++(3M), a third-order variant",
              (d, r) -> solver(d, DpmSolver.sampler(open(d, r), 3, false))),
          new Entry(
              "dpm++2m-sde",
              "DPM-Solver++(2M) with fresh noise at every step",
              (d, r) -> solver(d, DpmSolver.sampler(open(d, r), 2, true))),
          new Entry(
              "unipc",
              "UniPC (Zhao et al. 2023), good from some 10 steps",
              (d, r) -> solver(d, UniPc.sampler(open(d, r)))),
          new Entry(
              "euler",
              "Euler's method on the ODE (Karras et al. 2022)",
              (d, r) -> solver(d, Euler.sampler(closed(d, r), r.spacingOrLinspace()))),
          new Entry(
              "euler-ancestral",
              "Euler's method with fresh noise at every step",
              (d, r) -> solver(d, EulerAncestral.sampler(closed(d, r), r.spacingOrLinspace()))),
          new Entry(
              "heun",
              "Heun's second-order method (Karras et al. 2022), two network calls a step",
              (d, r) -> solver(d, Heun.sampler(closed(d, r), r.spacingOrLinspace()))));

  private Samplers() {}

  /** How a sampler is made for a process on its whole trained chain. */
  @FunctionalInterface
  public interface Factory {
    /**
     * A sampler for a request.
     *
     * @throws JditException if the request does not fit
     */
    Sampler create(GaussianDiffusion trained, Request request);
  }

  /**
   * A sampler to choose.
   *
   * @param name what users call it
   * @param description one line for a list
   * @param factory makes it
   */
  public record Entry(String name, String description, Factory factory) {}

  /**
   * What is asked of a sampler; each takes what concerns it.
   *
   * @param steps a count; for {@code ddpm} and {@code ddim} any {@link Respacing} text
   * @param spacing how timesteps are laid, as the diffusers library does; empty for the sampler's
   *     own way ({@link Respacing} for {@code ddpm} and {@code ddim}, as the official DiT does;
   *     {@link TimestepSpacing#LINSPACE} for the others)
   * @param eta noise of {@code ddim}, 0 to 1
   * @param karras whether σ-based samplers take the noise levels of Karras et al. 2022
   * @param clipDenoised whether {@code ddpm} and {@code ddim} limit predicted images to [-1, 1]
   */
  public record Request(
      String steps,
      Optional<TimestepSpacing> spacing,
      double eta,
      boolean karras,
      boolean clipDenoised) {
    /** So many steps in the sampler's own way: eta 0, no clipping. */
    public static Request ofSteps(String steps) {
      return new Request(steps, Optional.empty(), 0, false, false);
    }

    private int count() {
      try {
        return Integer.parseInt(steps.strip());
      } catch (NumberFormatException e) {
        throw new JditException(
            "%s is not a number of sampling steps; lists and ddimN are for the samplers ddpm and ddim"
                .formatted(steps),
            e);
      }
    }

    private TimestepSpacing spacingOrLinspace() {
      return spacing.orElse(TimestepSpacing.LINSPACE);
    }

    private UnaryOperator<Tensor> denoised() {
      return clipDenoised ? GaussianDiffusion.CLIP : UnaryOperator.identity();
    }
  }

  /** All samplers, for a list. */
  public static List<Entry> all() {
    return ALL;
  }

  /**
   * The sampler of that name.
   *
   * @param trained the process on the whole chain that the network was trained on
   * @throws JditException if there is none, or the request does not fit it
   */
  public static Sampler named(String name, GaussianDiffusion trained, Request request) {
    return ALL.stream()
        .filter(e -> e.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new JditException(
                    "no sampler is called %s; there are %s"
                        .formatted(
                            name, String.join(", ", ALL.stream().map(Entry::name).toList()))))
        .factory()
        .create(trained, request);
  }

  private static Sampler ddpm(GaussianDiffusion trained, Request r) {
    NoiseSchedule whole = trained.schedule();
    NoiseSchedule chain =
        r.spacing()
            .map(s -> whole.singlePrecision().respaced(visited(s, whole.steps(), r.count())))
            .orElseGet(() -> whole.respaced(Respacing.select(whole.steps(), r.steps())));
    return new DdpmSampler(trained.on(chain), r.denoised());
  }

  private static SortedSet<Integer> visited(TimestepSpacing spacing, int trained, int steps) {
    SortedSet<Integer> visited = new TreeSet<>();
    spacing.timesteps(trained, steps).forEach(t -> visited.add((int) Math.rint(t)));
    return visited;
  }

  private static Sampler ddim(GaussianDiffusion trained, Request r) {
    NoiseSchedule whole = trained.schedule();
    NoiseSchedule chain =
        r.spacing()
            .map(s -> DdimSampler.chain(whole.singlePrecision(), s, r.count(), true))
            .orElseGet(() -> whole.respaced(Respacing.select(whole.steps(), r.steps())));
    return new DdimSampler(trained.on(chain), r.eta(), r.denoised());
  }

  private static SigmaGrid open(GaussianDiffusion trained, Request r) {
    NoiseSchedule whole = trained.schedule().singlePrecision();
    return SigmaGrid.open(whole, r.spacingOrLinspace(), r.count(), r.karras());
  }

  private static SigmaGrid closed(GaussianDiffusion trained, Request r) {
    NoiseSchedule whole = trained.schedule().singlePrecision();
    return SigmaGrid.closed(whole, r.spacingOrLinspace(), r.count(), r.karras());
  }

  private static Sampler solver(GaussianDiffusion trained, LinearSampler solver) {
    return switch (trained.meanType()) {
      case EPSILON -> solver;
      case START_X -> solver.predictingImages();
      case PREVIOUS_X ->
          throw new JditException(
              "this sampler needs a network that predicts the noise or the image, not %s; use ddpm or ddim"
                  .formatted(trained.meanType()));
    };
  }
}
