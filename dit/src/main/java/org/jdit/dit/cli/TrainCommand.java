package org.jdit.dit.cli;

import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jdit.dit.data.TrainingSet;
import org.jdit.dit.model.Space;
import org.jdit.dit.sample.Model;
import org.jdit.dit.train.TrainSettings;
import org.jdit.dit.train.Training;
import org.jdit.dit.train.TrainingRun;
import org.jdit.dit.train.log.TrainLog;
import org.jdit.tensor.JditException;
import org.jdit.tensor.autodiff.Autodiff.InnerValues;
import org.jdit.tensor.io.AtomicFile;
import org.jdit.tensor.io.TensorFile;
import org.jdit.tensor.spi.Backend;
import org.jdit.weights.Checkpoint;
import org.jdit.weights.Checkpoint.Choice;
import org.jdit.weights.DitKeys;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/** {@code jdit train}: from pictures to a checkpoint. */
@Command(
    name = "train",
    sortOptions = false,
    description = {
      "Trains a DiT, with the options of the official train.py and of fast-DiT.",
      "",
      "Results go to a folder of their own under --results-dir: checkpoints that torch.load and the"
          + " official sample.py read, log.txt, metrics.csv and metrics.jsonl, TensorBoard events,"
          + " a plot of the loss, and samples. Ctrl-C finishes the step and saves; --resume goes"
          + " on, to the same bits as if it had never stopped.",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  jdit dataset demo --out drawings",
      "  jdit train --data-path drawings --space pixel --image-size 32 --model 160x6x4/4 "
          + "--global-batch-size 64 --lr 1e-3 --max-steps 2000",
      "  jdit train --feature-path features --model DiT-S/2 --global-batch-size 32",
      "  jdit train --resume results/000-160x6x4-4 --max-steps 4000"
    })
final class TrainCommand implements Callable<Integer> {
  private static final String ARGUMENTS = "arguments.json";
  private static final int OFFICIAL_EPOCHS = 1400;

  @Mixin private DataOptions data;

  @Mixin private TrainOptions options;

  @Option(
      names = "--results-dir",
      defaultValue = "results",
      paramLabel = "DIR",
      description = "Where the results' folder goes. Default: ${DEFAULT-VALUE}.")
  private Path results;

  @Option(
      names = "--epochs",
      paramLabel = "N",
      description = "Times through the data. Default: 1400, unless --max-steps says when to end.")
  private Optional<Integer> epochs = Optional.empty();

  @Option(
      names = "--max-steps",
      paramLabel = "N",
      description = "Steps to train in all. Default: as --epochs says.")
  private Optional<Long> maxSteps = Optional.empty();

  @Option(
      names = "--log-every",
      defaultValue = "100",
      paramLabel = "N",
      description = "Steps between lines of the log. Default: ${DEFAULT-VALUE}.")
  private int logEvery;

  @Option(
      names = "--ckpt-every",
      defaultValue = "50000",
      paramLabel = "N",
      description = "Steps between checkpoints. Default: ${DEFAULT-VALUE}.")
  private int checkpointEvery;

  @Option(
      names = "--keep-ckpts",
      defaultValue = "3",
      paramLabel = "N",
      description = "Checkpoints to keep, the latest. Default: ${DEFAULT-VALUE}.")
  private int keep;

  @Option(
      names = "--sample-every",
      defaultValue = "0",
      paramLabel = "N",
      description =
          "Steps between grids of samples of the weights and of their average; 0 for none. "
              + "Default: ${DEFAULT-VALUE}.")
  private int sampleEvery;

  @Option(
      names = "--grad-checkpoint",
      description =
          "Compute each block again for its gradient instead of keeping its inner values: about a "
              + "third more time, much less memory, the same numbers.")
  private boolean gradCheckpoint;

  @Option(
      names = "--init-from",
      paramLabel = "FILE",
      description =
          "Begin with the weights of a checkpoint (its moving average if it has one); other classes"
              + " get new rows in the label table.")
  private Optional<Path> initFrom = Optional.empty();

  @Option(
      names = "--resume",
      paramLabel = "DIR",
      description =
          "Go on with the training in a results' folder, from its latest checkpoint and with its "
              + "options. Those given beside it replace them; what would change the numbers is "
              + "refused.")
  private Optional<Path> resume = Optional.empty();

  @Mixin private EngineOptions engine;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    if (resume.isEmpty()) {
      return train(spec, given());
    }
    List<String> arguments = new ArrayList<>(began(resume.get()));
    arguments.addAll(given());
    TrainCommand whole = new TrainCommand();
    CommandLine line = new CommandLine(whole);
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setOverwrittenOptionsAllowed(true);
    line.parseArgs(arguments.toArray(String[]::new));
    return whole.train(spec, arguments);
  }

  /** What follows the command's name. */
  private List<String> given() {
    List<String> all = spec.commandLine().getParseResult().originalArgs();
    return all.subList(all.indexOf(spec.name()) + 1, all.size()).stream()
        .filter(a -> !a.equals("--verbose"))
        .toList();
  }

  private static List<String> began(Path directory) {
    Path file = directory.resolve(ARGUMENTS);
    try {
      return Arrays.asList(JsonMapper.shared().readValue(Files.readString(file), String[].class));
    } catch (IOException | JacksonException e) {
      throw new JditException(
          "%s is no results' folder of a training: it has no readable %s"
              .formatted(directory, ARGUMENTS),
          e);
    }
  }

  private int train(CommandSpec asked, List<String> arguments) {
    check(asked);
    engine.check();
    try (Backend backend = engine.open();
        TrainingSet set =
            data.open(options.imageSize(), options.flips(), asked.commandLine().getErr())) {
      Path directory = resume.orElseGet(this::newDirectory);
      try (TrainLog log =
          new TrainLog(
              directory.resolve("log.txt"),
              asked.commandLine().getOut(),
              CommandLine.Help.Ansi.AUTO.enabled(),
              Clock.system(ZoneId.systemDefault()))) {
        if (resume.isEmpty()) {
          AtomicFile.write(
              directory.resolve(ARGUMENTS),
              out ->
                  Channels.newOutputStream(out)
                      .write(JsonMapper.shared().writeValueAsBytes(arguments)));
          log.info("Experiment directory created at " + directory);
        }
        return train(asked, backend, set, directory, log);
      }
    }
  }

  private int train(
      CommandSpec asked, Backend backend, TrainingSet set, Path directory, TrainLog log) {
    long last = lastStep(set.size());
    TrainSettings settings = options.settings(set.describe(), set.numClasses(), last);
    try (Training training =
        new Training(
            backend,
            settings,
            set,
            gradCheckpoint ? InnerValues.RECOMPUTED : InnerValues.KEPT,
            data.workers(),
            directory,
            log)) {
      log.info("DiT Parameters: %,d".formatted(training.parameters()));
      log.info("Dataset contains %,d images (%s)".formatted(set.size(), data.path()));
      log.info(
          "%s on %s, %,d MiB of state and buffers"
              .formatted(settings.config().name(), backend.description(), training.bytes() >> 20));
      Training.Start start = begin(training, directory, log);
      Interruption interruption = Interruption.listen();
      try {
        TrainingRun.End end =
            start.run(
                new TrainingRun.Schedule(last, logEvery, checkpointEvery, sampleEvery),
                keep,
                previews(settings, asked),
                interruption::requested);
        if (end == TrainingRun.End.STOPPED) {
          asked
              .commandLine()
              .getErr()
              .println("jdit: stopped; go on with: jdit train --resume " + directory);
          return 1;
        }
        log.info("Done!");
        return 0;
      } finally {
        interruption.close();
      }
    }
  }

  private Optional<Model.Autoencoder> previews(TrainSettings settings, CommandSpec asked) {
    return sampleEvery > 0 && settings.space() == Space.LATENT
        ? Optional.of(data.autoencoder(settings.config(), asked.commandLine().getErr()))
        : Optional.empty();
  }

  private Training.Start begin(Training training, Path directory, TrainLog log) {
    if (resume.isPresent()) {
      Optional<Path> latest = Training.latest(directory);
      if (latest.isPresent()) {
        Training.Start start = training.resume(latest.get());
        log.info("Resuming from step %d of %s".formatted(start.step(), latest.get()));
        return start;
      }
      log.info("No checkpoint was saved yet, so training begins at the first step");
    }
    if (initFrom.isPresent()) {
      try (TensorFile file = Checkpoint.open(initFrom.get(), Choice.AUTO)) {
        log.info("Beginning with the weights of " + initFrom.get());
        return training.startFrom(DitKeys.official(file));
      }
    }
    return training.start();
  }

  private long lastStep(int examples) {
    long perEpoch = (long) (examples * (1 - options.validationShare())) / options.batch();
    long byEpochs = epochs.orElse(OFFICIAL_EPOCHS) * Math.max(1, perEpoch);
    return epochs.isPresent()
        ? Math.min(byEpochs, maxSteps.orElse(byEpochs))
        : maxSteps.orElse(byEpochs);
  }

  private void check(CommandSpec asked) {
    for (Object[] count :
        new Object[][] {
          {"--log-every", logEvery, 1},
          {"--ckpt-every", checkpointEvery, 1},
          {"--keep-ckpts", keep, 1},
          {"--sample-every", sampleEvery, 0},
          {"--epochs", epochs.orElse(1), 1},
          {"--max-steps", Math.toIntExact(Math.min(maxSteps.orElse(1L), Integer.MAX_VALUE)), 1}
        }) {
      if ((int) count[1] < (int) count[2]) {
        throw new ParameterException(
            asked.commandLine(),
            "%s is %s or more, not %s".formatted(count[0], count[2], count[1]));
      }
    }
    try {
      options.settings("", 1, 1);
      data.check(options.space());
    } catch (JditException e) {
      throw new ParameterException(asked.commandLine(), e.getMessage(), e);
    }
  }

  private Path newDirectory() {
    try {
      Files.createDirectories(results);
      int number = 0;
      try (Stream<Path> files = Files.list(results)) {
        number =
            files
                .map(f -> f.getFileName().toString())
                .filter(name -> name.matches("\\d{3,}-.*"))
                .mapToInt(name -> Integer.parseInt(name.substring(0, name.indexOf('-'))) + 1)
                .max()
                .orElse(0);
      }
      return Files.createDirectory(options.experiment(results, number));
    } catch (IOException e) {
      throw new JditException(
          "cannot make a results' folder in %s: %s".formatted(results, e.getMessage()), e);
    }
  }
}
