package org.jdit.dit.sample;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.jdit.diffusion.ClassifierFreeGuidance;
import org.jdit.diffusion.DiffusionOptions;
import org.jdit.diffusion.GaussianDiffusion;
import org.jdit.diffusion.sampler.Sampler;
import org.jdit.diffusion.sampler.Samplers;
import org.jdit.diffusion.sampler.SamplingLoop;
import org.jdit.dit.model.DiT;
import org.jdit.dit.model.DiTConfig;
import org.jdit.dit.model.Numerics;
import org.jdit.dit.model.Space;
import org.jdit.dit.model.TimestepFeatures;
import org.jdit.dit.vae.AutoencoderKl;
import org.jdit.dit.vae.VaeConfig;
import org.jdit.nn.StateDict;
import org.jdit.nn.Taps;
import org.jdit.nn.Weights;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.io.TensorFile;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.program.Program;
import org.jdit.tensor.random.TorchGenerator;
import org.jdit.tensor.spi.Backend;
import org.jdit.tensor.spi.Executable;
import org.jdit.tensor.spi.Resident;

/**
 * From class labels to images: noise, the denoising steps, the decoder. Weights are loaded at the
 * first use and stay for later requests.
 *
 * <p>Noise is drawn as the official sample.py draws it after {@code torch.manual_seed(seed)}: the
 * latents of all images at once, then at every step the noise of all images, under guidance for
 * both halves of the doubled batch. All images go through a step before the next one begins, in
 * portions of {@link SampleRequest#batch}; that is why an image does not depend on the portion.
 *
 * <p>For a network that works on pixels, {@code ddpm} and {@code ddim} limit each predicted image
 * to [-1, 1].
 */
public final class DitPipeline implements AutoCloseable {
  private final Backend backend;
  private final Model model;
  private final Resident ditWeights;
  private final Resident vaeWeights;

  /** A pipeline on a backend; both stay the caller's to close. */
  public DitPipeline(Backend backend, Model model) {
    this.backend = backend;
    this.model = model;
    this.ditWeights = backend.newResident();
    this.vaeWeights = backend.newResident();
  }

  /**
   * The memory that a request needs.
   *
   * @throws JditException if the request does not fit the model
   */
  public MemoryEstimate estimate(SampleRequest request) {
    int n = request.labels().size();
    // Images and latents of all moments lie on the Java heap while they are drawn.
    long heap = 2L * Float.BYTES * n * imageShape(1).numel();
    long most = Math.min(Runtime.getRuntime().maxMemory(), (long) Float.BYTES * Integer.MAX_VALUE);
    if (heap > most) {
      throw new JditException(
          "%d images of %d pixels take %d MiB, but the Java heap and its arrays hold %d MiB: sample"
                  .formatted(n, model.imageSize(), heap >> 20, most >> 20)
              + " fewer at once");
    }
    DenoiseStep step = step(request, sampler(request));
    MemoryEstimate one = MemoryEstimate.of(step.program(), backend, model.dit());
    MemoryEstimate sampling =
        Denoising.unguided(step, request.guidance())
            .map(plain -> one.beside(MemoryEstimate.of(plain.program(), backend, model.dit())))
            .orElse(one);
    return model
        .autoencoder()
        .map(
            a -> sampling.then(MemoryEstimate.of(decoderProgram(a.config()), backend, a.weights())))
        .orElse(sampling);
  }

  /**
   * Samples images.
   *
   * @throws JditException if the request does not fit the model
   */
  public Samples sample(SampleRequest request, Listener listener) {
    float[] latents = latents(request, listener);
    try (ImageDecoder decoder = decoder(listener)) {
      int n = request.labels().size();
      float[] images = decoder.decode(latents, listener);
      return new Samples(latentShape(n), latents, imageShape(n), images);
    }
  }

  /** Samples latents, {@code [N, C, h, w]} row-major. */
  public float[] latents(SampleRequest request, Listener listener) {
    Sampler sampler = sampler(request);
    DenoiseStep step = step(request, sampler);
    int each = Math.toIntExact(latentShape(1).numel());
    int n = request.labels().size();
    try (Denoising denoising =
        new Denoising(backend, request, step, DiffusionOptions.DEFAULT.steps() - 1, ditWeights)) {
      load(DiT.stateDict(config()), model.dit(), ditWeights, listener);
      TorchGenerator generator = new TorchGenerator(request.seed());
      List<float[]> state = new ArrayList<>();
      state.add(SamplingLoop.start(sampler, generator, n * each));
      for (int i = 0; i < sampler.history(); i++) {
        state.add(new float[n * each]);
      }
      SamplingLoop.run(
          sampler,
          n * each,
          SamplingLoop.noise(generator, n * each * (step.rows() / step.n()), n * each),
          (t, coefficients, noise) -> denoising.step(state, t, coefficients, noise),
          done ->
              listener.sampled(
                  done,
                  sampler.steps(),
                  () -> scaled(state.getFirst(), sampler.displayScale(done - 1))));
      return state.getFirst();
    }
  }

  private static float[] scaled(float[] x, double by) {
    float[] y = x.clone();
    for (int i = 0; i < y.length; i++) {
      y[i] *= (float) by;
    }
    return y;
  }

  /** The decoder from latents to images, for as many calls as wanted. */
  public ImageDecoder decoder(Listener listener) {
    if (model.autoencoder().isEmpty()) {
      return (pixels, _) -> pixels.clone();
    }
    VaeConfig config = model.autoencoder().get().config();
    Executable executable = backend.compile(decoderProgram(config), vaeWeights);
    try {
      TensorFile weights = model.autoencoder().get().weights();
      load(AutoencoderKl.stateDict(config), weights, vaeWeights, listener);
      return new VaeDecoder(backend, executable, config, latentShape(1));
    } catch (RuntimeException e) {
      executable.close();
      throw e;
    }
  }

  /**
   * The inner values of the network's first evaluation for the first image, under the names of the
   * official modules, with its inputs {@code x} (as the sampler scales it), {@code t} (features)
   * and {@code y} and its output {@code out}.
   *
   * @param into where they go
   */
  public Map<String, Tensor> activations(SampleRequest request, TensorScope into) {
    Sampler sampler = sampler(request);
    DenoiseStep step = step(request.withBatch(1), sampler);
    Program program =
        Program.trace(
            t -> {
              Tensor x = t.input(DenoiseStep.X, DiT.input(config(), step.rows()));
              Tensor time = t.input(DenoiseStep.TIME, TimestepFeatures.spec(step.rows()));
              Tensor y = t.input(DenoiseStep.LABELS, Spec.i64(step.rows()));
              Taps taps = (name, value) -> t.output(name, value.get());
              t.output("out", new DiT(config(), Weights.params(t)).forward(x, time, y, taps));
            });
    try (Executable executable = backend.compile(program, ditWeights)) {
      load(DiT.stateDict(config()), model.dit(), ditWeights, Listener.NONE);
      int each = Math.toIntExact(latentShape(1).numel());
      float[] z =
          scaled(
              SamplingLoop.start(
                  sampler, new TorchGenerator(request.seed()), each * request.labels().size()),
              sampler.inputScale(0));
      float[] rows = Arrays.copyOf(z, each * step.rows());
      System.arraycopy(z, 0, rows, rows.length - each, each);
      double[] times = new double[step.rows()];
      Arrays.fill(times, sampler.timestep(0));
      Map<String, Tensor> inputs =
          Map.of(
              DenoiseStep.X, into.of(latentShape(step.rows()), rows),
              DenoiseStep.TIME, TimestepFeatures.of(into, config().numerics(), times),
              DenoiseStep.LABELS,
                  into.of(Shape.of(step.rows()), Denoising.labels(request, step, 0)));
      Map<String, Tensor> all = new HashMap<>(inputs);
      all.putAll(executable.run(inputs, into));
      return all;
    }
  }

  private void load(StateDict weights, TensorFile file, Resident into, Listener listener) {
    if (!into.missing().isEmpty()) {
      weights.load(file, into, backend.memory()).forEach(listener::notFinite);
    }
  }

  private DiTConfig config() {
    return model.recognition().config();
  }

  private Shape latentShape(int n) {
    return DiT.input(config(), n).shape();
  }

  private Shape imageShape(int n) {
    int size = model.imageSize();
    int channels =
        model.autoencoder().map(a -> a.config().inChannels()).orElse(config().inChannels());
    return Shape.of(n, channels, size, size);
  }

  private Program decoderProgram(VaeConfig vae) {
    return Program.trace(
        t ->
            t.output(
                VaeDecoder.IMAGE,
                new AutoencoderKl(vae, Weights.params(t))
                    .decode(t.input(VaeDecoder.LATENTS, DiT.input(config(), 1)))));
  }

  private Sampler sampler(SampleRequest r) {
    GaussianDiffusion trained =
        GaussianDiffusion.create(
            DiffusionOptions.DEFAULT
                .withLearnSigma(config().learnSigma())
                .withPredictXStart(model.recognition().predictXStart()));
    // Pixels have a range and latents have none: ADM clips the first and DiT's sample.py leaves the
    // second.
    boolean clip = model.recognition().space() == Space.PIXEL;
    return Samplers.named(
        r.sampler(),
        trained,
        new Samplers.Request(r.steps(), Optional.empty(), r.eta(), false, clip));
  }

  private DenoiseStep step(SampleRequest request, Sampler sampler) {
    DiTConfig c = config();
    request.labels().stream()
        .filter(y -> y < 0 || y >= c.numClasses())
        .findFirst()
        .ifPresent(
            y -> {
              throw new JditException(
                  "class label %d is out of range: the model has classes 0 to %d"
                      .formatted(y, c.numClasses() - 1));
            });
    return new DenoiseStep(c, sampler, request.chunk(), guidedChannels(request));
  }

  /** How many channels a request guides, or empty if it samples without guidance. */
  public OptionalInt guidedChannels(SampleRequest request) {
    if (request.guidance().scale() == 1) {
      return OptionalInt.empty();
    }
    DiTConfig c = config();
    c.nullClass();
    int usual =
        c.numerics() == Numerics.OFFICIAL
            ? Math.min(ClassifierFreeGuidance.OFFICIAL.channels(), c.inChannels())
            : c.inChannels();
    int channels = request.guidance().channels().orElse(usual);
    if (channels < 1 || channels > c.inChannels()) {
      throw new JditException(
          "guidance on %d channels, but the latents have %d".formatted(channels, c.inChannels()));
    }
    return OptionalInt.of(channels);
  }

  @Override
  public void close() {
    Stream.of(ditWeights, vaeWeights).forEach(Resident::close);
  }
}
