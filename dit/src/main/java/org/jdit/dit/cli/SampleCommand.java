package org.jdit.dit.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jdit.dit.demo.DemoModel;
import org.jdit.dit.model.DiTConfig;
import org.jdit.dit.model.Recognition;
import org.jdit.dit.sample.DitPipeline;
import org.jdit.dit.sample.MemoryEstimate;
import org.jdit.dit.sample.Model;
import org.jdit.dit.sample.SampleRequest;
import org.jdit.dit.sample.Samples;
import org.jdit.tensor.JditException;
import org.jdit.tensor.spi.Backend;
import org.jdit.weights.Checkpoint;
import org.jdit.weights.Checkpoint.Choice;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

/** {@code jdit sample}: from a checkpoint to a picture. */
@Command(
    name = "sample",
    sortOptions = false,
    description = {
      "Samples images from a DiT checkpoint and draws them in one PNG.",
      "",
      "The same checkpoint and seed give the picture that PyTorch draws on the CPU. An image does "
          + "not depend on --batch: noise is drawn for all images at once, and all go through a "
          + "step before the next begins.",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  jdit sample",
      "  jdit sample --class-labels cat,cat,house --seed 7",
      "  jdit sample --ckpt DiT-XL-2-256x256.pt --vae sd-vae-ft-mse",
      "  jdit sample --ckpt official --class-labels \"golden retriever,otter\" --seed 7",
      "  jdit sample --ckpt results/000-DiT-XL-2/checkpoints/0050000.pt --sampler dpm++2m"
    })
final class SampleCommand implements Callable<Integer> {
  private static final String OFFICIAL = "official";

  @Option(
      names = "--ckpt",
      defaultValue = DemoModel.NAME,
      paramLabel = "FILE",
      description =
          "Checkpoint: a .pt, .pth, .bin, .ckpt or .safetensors file, a directory of diffusers, "
              + "'official' to download Meta's DiT-XL/2 (2.7 GB) to a cache, or 'demo', the small "
              + "model in the box. Default: ${DEFAULT-VALUE}.")
  private String ckpt;

  @Option(
      names = "--weights",
      defaultValue = "auto",
      paramLabel = "auto|model|ema",
      description = "Which weights of a training checkpoint; auto takes ema if there is one.")
  private Choice weights;

  @Option(
      names = "--vae",
      paramLabel = "WHICH",
      description =
          "Autoencoder: mse or ema (Stability AI's, downloaded to a cache), a weights file, or a "
              + "directory of diffusers. Default: the checkpoint's own if it is a pipeline "
              + "directory with one, else mse.")
  private Optional<String> vae = Optional.empty();

  @Option(
      names = "--model",
      paramLabel = "NAME",
      description =
          "Such as DiT-XL/2. Default: what the checkpoint holds; a contradiction is refused.")
  private Optional<String> modelName = Optional.empty();

  @Option(
      names = "--image-size",
      paramLabel = "N",
      description = "Pixels along a side. Default: what the checkpoint and the autoencoder give.")
  private Optional<Integer> imageSize = Optional.empty();

  @Option(
      names = "--num-classes",
      paramLabel = "N",
      description = "Classes without the null class. Default: what the checkpoint holds.")
  private Optional<Integer> numClasses = Optional.empty();

  @Option(
      names = "--num-heads",
      paramLabel = "N",
      description = "Attention heads, which state dicts do not tell. Default: by the width.")
  private Optional<Integer> numHeads = Optional.empty();

  @Option(
      names = {"-o", "--out"},
      defaultValue = "sample.png",
      paramLabel = "FILE",
      description = "The picture. Default: ${DEFAULT-VALUE}.")
  private Path out;

  @Option(
      names = "--columns",
      paramLabel = "N",
      description =
          "Images in a row of the picture. Default: 4, or a column for each class of the demo"
              + " model.")
  private Optional<Integer> columns = Optional.empty();

  @Option(
      names = "--enlarge",
      paramLabel = "N",
      description =
          "Draw each pixel as a square of N pixels, for small images. Default: 1, or 4 for the demo"
              + " model.")
  private Optional<Integer> enlarge = Optional.empty();

  @Option(
      names = "--save-latents",
      paramLabel = "FILE.npy",
      description = "Also write the final latents [N, C, h, w].")
  private Path saveLatents;

  @Option(
      names = "--frames",
      paramLabel = "FILE.gif",
      description = "Also write the steps from noise to images as an animation.")
  private Path frames;

  @Option(
      names = "--dump-activations",
      paramLabel = "FILE",
      description =
          "Also write all inner values of the network's first call for the first image, as "
              + "safetensors.")
  private Path dumpActivations;

  @Mixin private SamplingOptions sampling;

  @Mixin private EngineOptions engine;

  @Option(
      names = "--official-url",
      paramLabel = "URL",
      description =
          "Download the official files from URL/FILE instead, for 'official', mse and ema. "
              + "Default: $$JDIT_OFFICIAL_URL, else the publishers.")
  private Optional<String> officialUrl = OfficialFiles.environmentUrl();

  @Option(names = "--json", description = "Report as JSON on the standard output.")
  private boolean json;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    long start = System.nanoTime();
    CommandLine line = spec.commandLine();
    List<Path> written =
        Stream.of(out, saveLatents, frames, dumpActivations).filter(Objects::nonNull).toList();
    usage(this::layout);
    usage(() -> OutputPaths.check(written, inputs()));
    officialUrl.ifPresent(url -> usage(() -> OfficialFiles.checkUrl(url)));
    usage(() -> sampling.request(defaults(), List.of(0), 1));
    engine.check();
    modelName.ifPresent(name -> usage(() -> DiTConfig.named(name, 32, 1000)));
    OfficialFiles official = OfficialFiles.from(officialUrl, line.getErr());
    try (Model model = open(official)) {
      checkSpace(model);
      checkImageSize(model);
      DiTConfig config = model.recognition().config();
      model.recognition().assumptions().forEach(this::say);
      ClassLabels classes =
          isDemo() ? new ClassLabels(DemoModel.classes()) : new ClassLabels(config.numClasses());
      List<Integer> labels =
          usage(() -> sampling.labels(classes))
              .orElseGet(() -> isDemo() ? DemoModel.someOfEach() : classes.official());
      SampleRequest request =
          usage(() -> sampling.request(defaults(), labels, config.inChannels()));
      usage(() -> layout().check(labels.size(), model.imageSize(), frames != null));
      try (Backend backend = engine.open();
          DitPipeline pipeline = new DitPipeline(backend, model)) {
        MemoryEstimate need = usage(() -> pipeline.estimate(request));
        need.require(MemoryEstimate.availableBytes());
        if (Jdit.verbose(spec)) {
          say(
              "%s on %s; %,d MiB of weights and buffers"
                  .formatted(config.name(), backend.description(), need.total() >> 20));
        }
        SampleProgress progress = new SampleProgress(line.getErr(), start, frames != null);
        Samples samples = pipeline.sample(request, progress);
        Map<String, Object> parameters = parameters(model, request, pipeline);
        SampleOutputs outputs =
            new SampleOutputs(samples, layout(), parameters, request, pipeline, backend.memory());
        Optional.ofNullable(saveLatents).ifPresent(outputs::latents);
        outputs.picture(out);
        Optional.ofNullable(frames)
            .ifPresent(file -> outputs.animation(file, progress.frames(), line.getErr()));
        Optional.ofNullable(dumpActivations).ifPresent(outputs::activations);
        report(line, parameters, samples, progress);
        engine.report(backend.profile());
      }
    }
    return 0;
  }

  /** The user's own files and directories, not those in the box or in the cache. */
  private List<Path> inputs() {
    return Stream.concat(
            Stream.of(ckpt).filter(c -> !isDemo() && !c.equals(OFFICIAL)),
            vae.stream().filter(v -> !Autoencoders.OFFICIAL.contains(v)))
        .map(Path::of)
        .toList();
  }

  private SampleOutputs.Layout layout() {
    return new SampleOutputs.Layout(
        columns.orElse(isDemo() ? DemoModel.classes().size() : 4),
        enlarge.orElse(isDemo() ? 4 : 1));
  }

  private <T> T usage(Supplier<T> options) {
    try {
      return options.get();
    } catch (JditException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
  }

  private void usage(Runnable options) {
    usage(
        () -> {
          options.run();
          return null;
        });
  }

  private void say(String what) {
    spec.commandLine().getErr().println("jdit: " + what);
  }

  private Recognition.Wishes wishes() {
    return new Recognition.Wishes(modelName, toInt(numClasses), toInt(numHeads));
  }

  private static OptionalInt toInt(Optional<Integer> value) {
    return value.map(OptionalInt::of).orElseGet(OptionalInt::empty);
  }

  private void checkImageSize(Model model) {
    imageSize
        .filter(wanted -> wanted != model.imageSize())
        .ifPresent(
            wanted -> {
              throw new JditException(
                  "%s and its autoencoder make images of %d pixels, not %d: leave --image-size out"
                      .formatted(ckpt, model.imageSize(), wanted));
            });
  }

  private boolean isDemo() {
    return ckpt.equals(DemoModel.NAME);
  }

  private SamplingOptions.Defaults defaults() {
    return isDemo() ? SamplingOptions.Defaults.DEMO : SamplingOptions.Defaults.OFFICIAL;
  }

  private Model open(OfficialFiles official) {
    if (isDemo()) {
      say(
          "sampling the demo model, drawings of %s; '--ckpt official' is Meta's DiT-XL/2"
              .formatted(String.join(", ", DemoModel.classes())));
      return DemoModel.open();
    }
    Path checkpoint =
        ckpt.equals(OFFICIAL) ? official.checkpoint(imageSize.orElse(256)) : Path.of(ckpt);
    return Model.open(checkpoint, weights, wishes(), () -> autoencoder(official));
  }

  private void checkSpace(Model model) {
    if (model.autoencoder().isEmpty() && vae.isPresent()) {
      throw new JditException(ckpt + " works on pixels and needs no autoencoder: leave --vae out");
    }
  }

  private String whichVae() {
    Path own = Path.of(ckpt).resolve("vae");
    return vae.orElse(Files.isDirectory(own) ? own.toString() : Autoencoders.OFFICIAL.getFirst());
  }

  private Path autoencoder(OfficialFiles official) {
    return Autoencoders.locate(whichVae(), official);
  }

  private Map<String, Object> parameters(Model model, SampleRequest request, DitPipeline pipeline) {
    Map<String, Object> p = new LinkedHashMap<>();
    p.put("jdit", Version.current());
    p.put("model", model.recognition().config().name());
    p.put("checkpoint", Path.of(ckpt).getFileName().toString());
    Optional.ofNullable(model.dit().metadata().get(Checkpoint.WEIGHTS))
        .ifPresent(taken -> p.put("weights", taken));
    p.put("numerics", model.recognition().config().numerics().name().toLowerCase(Locale.ROOT));
    model.autoencoder().ifPresent(_ -> p.put("vae", Path.of(whichVae()).getFileName().toString()));
    p.put("image_size", model.imageSize());
    p.put("class_labels", request.labels());
    p.put("sampler", request.sampler());
    p.put("num_sampling_steps", request.steps());
    if (request.eta() != 0) {
      p.put("eta", request.eta());
    }
    p.put("cfg_scale", request.guidance().scale());
    pipeline.guidedChannels(request).ifPresent(n -> p.put("cfg_channels", n));
    if (request.guidance().isPartial()) {
      p.put("cfg_interval", List.of(request.guidance().from(), request.guidance().to()));
    }
    p.put("seed", request.seed());
    p.put("backend", engine.name());
    p.put("precision", engine.precision().toString());
    return p;
  }

  private void report(
      CommandLine line, Map<String, Object> parameters, Samples samples, SampleProgress progress) {
    Map<String, Object> figures = progress.figures();
    if (json) {
      Map<String, Object> report = new LinkedHashMap<>(parameters);
      report.put("out", out.toString());
      report.putAll(figures);
      line.getOut().println(JsonMapper.shared().writeValueAsString(report));
      return;
    }
    line.getOut()
        .printf(
            "%s: %d images of %dx%d%n",
            out,
            samples.imageShape().dim(0),
            samples.imageShape().dim(3),
            samples.imageShape().dim(2));
    if (Jdit.verbose(spec)) {
      figures.forEach((what, value) -> say(what + " " + value));
    }
  }
}
