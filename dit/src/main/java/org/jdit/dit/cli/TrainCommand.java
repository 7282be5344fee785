package org.jdit.dit.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Clock;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jdit.dit.data.TrainingSet;
import org.jdit.dit.model.Space;
import org.jdit.dit.sample.Model;
import org.jdit.dit.train.TrainSettings;
import org.jdit.dit.train.Training;
import org.jdit.dit.train.TrainingRun;
import org.jdit.dit.train.log.TrainLog;
import org.jdit.tensor.JditException;
import org.jdit.tensor.autodiff.Autodiff.InnerValues;
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
  private static final String RESUME = "--resume";

  @Mixin private DataOptions data;

  @Mixin private TrainOptions options;

  @Option(
      names = "--results-dir",
      defaultValue = "results",
      paramLabel = "DIR",
      description = "Where the results' folder goes. Default: ${DEFAULT-VALUE}.")
  private Path results;

  @Mixin private ScheduleOptions schedule;

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
      names = RESUME,
      paramLabel = "DIR",
      description =
          "Go on with the training in a results' folder, from its latest checkpoint and with its "
              + "options. Those given beside it replace them; what would change the numbers is "
              + "refused.")
  private Optional<Path> resume = Optional.empty();

  @Mixin private EngineOptions engine;

  @Spec private CommandSpec spec;

  /** Whether a training is resumed with other options than it was begun with. */
  private boolean changed;

  @Override
  public Integer call() {
    if (resume.isEmpty()) {
      return train(given());
    }
    List<String> arguments = new ArrayList<>(new ResultsFolder(resume.get()).arguments());
    List<String> changed = withoutResume(given());
    arguments.addAll(changed);
    TrainCommand whole = parsed(arguments);
    whole.resume = resume;
    whole.changed = !changed.isEmpty();
    return whole.train(arguments);
  }

  /** What follows the command's name. */
  private List<String> given() {
    List<String> all = spec.commandLine().getParseResult().expandedArgs();
    return all.subList(all.indexOf(spec.name()) + 1, all.size()).stream()
        .filter(a -> !a.equals("--verbose"))
        .toList();
  }

  private static List<String> withoutResume(List<String> given) {
    List<String> rest = new ArrayList<>();
    for (int i = 0; i < given.size(); i++) {
      if (given.get(i).equals(RESUME)) {
        i++;
      } else if (!given.get(i).startsWith(RESUME + "=")) {
        rest.add(given.get(i));
      }
    }
    return rest;
  }

  /** A command with the options of a training that is resumed; later ones replace earlier ones. */
  private TrainCommand parsed(List<String> arguments) {
    CommandLine root =
        Main.commandLine()
            .setOverwrittenOptionsAllowed(true)
            .setOut(spec.commandLine().getOut())
            .setErr(spec.commandLine().getErr());
    List<String> all = new ArrayList<>(List.of(spec.name()));
    all.addAll(arguments);
    root.parseArgs(all.toArray(String[]::new));
    return root.getSubcommands().get(spec.name()).getCommand();
  }

  private int train(List<String> arguments) {
    check();
    engine.check();
    if (resume.isEmpty()) {
      ResultsFolder.check(results);
      return train(arguments, Optional.empty());
    }
    try (ResultsFolder.Lock lock = new ResultsFolder(resume.get()).lock()) {
      return train(arguments, Optional.of(lock));
    }
  }

  /**
   * Nothing is written before all that is given has been checked and opened.
   *
   * @param held the lock on the folder of a training that is resumed
   */
  private int train(List<String> arguments, Optional<ResultsFolder.Lock> held) {
    PrintWriter err = spec.commandLine().getErr();
    try (Backend backend = engine.open();
        TrainingSet set = data.open(options.imageSize(), options.flips(), err)) {
      int trained = set.size() - Training.heldBack(options.validationShare(), set.size());
      int stepsPerEpoch = trained / options.batch();
      long last = schedule.lastStep(stepsPerEpoch);
      TrainSettings settings =
          options.settings(set.describe(), set.numClasses(), last, engine.precision());
      InnerValues inner = gradCheckpoint ? InnerValues.RECOMPUTED : InnerValues.KEPT;
      try (Training training = new Training(backend, settings, set, inner, data.workers())) {
        Beginning beginning = begin(training);
        Optional<Model.Autoencoder> decoder = previews(settings, err);
        try (Interruption interruption = Interruption.listen()) {
          ResultsFolder folder = folder(arguments, settings);
          try (ResultsFolder.Lock _ = held.orElseGet(folder::lock);
              TrainLog log = log(folder)) {
            if (resume.isEmpty()) {
              log.info("Experiment directory created at " + folder.path());
            }
            log.info("DiT Parameters: %,d".formatted(training.parameters()));
            log.info("Dataset contains %,d images (%s)".formatted(set.size(), data.path()));
            log.info(
                "%s on %s, %,d MiB of state and buffers"
                    .formatted(
                        settings.config().name(), backend.description(), training.bytes() >> 20));
            beginning.how().ifPresent(log::info);
            if (beginning.start().step() >= last) {
              log.info(
                  "All %d steps have been made; a larger %s adds more"
                      .formatted(last, schedule.limit(stepsPerEpoch)));
            }
            return run(beginning.start(), last, folder.path(), decoder, log, interruption);
          }
        } finally {
          decoder.ifPresent(Model.Autoencoder::close);
          engine.report(backend.profile());
        }
      }
    }
  }

  private ResultsFolder folder(List<String> arguments, TrainSettings settings) {
    if (resume.isEmpty()) {
      // What 'auto' means depends on --max-steps; a training that is made longer keeps to it.
      List<String> settled = new ArrayList<>(arguments);
      settled.addAll(List.of("--ema-warmup", settings.ema().warmUp() ? "yes" : "no"));
      return ResultsFolder.create(results, options.fileName(), settled);
    }
    ResultsFolder folder = new ResultsFolder(resume.get());
    if (changed) {
      folder.remember(arguments);
    }
    return folder;
  }

  private TrainLog log(ResultsFolder folder) {
    return new TrainLog(
        folder.path().resolve("log.txt"),
        spec.commandLine().getOut(),
        CommandLine.Help.Ansi.AUTO.enabled(),
        Clock.system(ZoneId.systemDefault()));
  }

  private int run(
      Training.Start start,
      long last,
      Path directory,
      Optional<Model.Autoencoder> decoder,
      TrainLog log,
      Interruption interruption) {
    TrainingRun.End end =
        start.run(
            directory, schedule.upTo(last), schedule.keep(), decoder, log, interruption::requested);
    if (end == TrainingRun.End.STOPPED) {
      spec.commandLine()
          .getErr()
          .println("jdit: stopped; go on with: jdit train --resume " + directory);
      return 1;
    }
    log.info("Done!");
    return 0;
  }

  private Optional<Model.Autoencoder> previews(TrainSettings settings, PrintWriter err) {
    return schedule.draws() && settings.space() == Space.LATENT
        ? Optional.of(data.autoencoder(settings.config(), err))
        : Optional.empty();
  }

  /**
   * A training with weights.
   *
   * @param how where they are from, in words, unless they are drawn
   */
  private record Beginning(Training.Start start, Optional<String> how) {
    Beginning(Training.Start start, String how) {
      this(start, Optional.of(how));
    }
  }

  private Beginning begin(Training training) {
    Optional<Path> latest = resume.flatMap(Training::latest);
    if (latest.isPresent()) {
      Training.Start start = training.resume(latest.get());
      return new Beginning(
          start, "Resuming from step %d of %s".formatted(start.step(), latest.get()));
    }
    if (initFrom.isPresent()) {
      try (TensorFile file = Checkpoint.open(initFrom.get(), Choice.AUTO)) {
        return new Beginning(
            training.startFrom(DitKeys.official(file)),
            "Beginning with the weights of " + initFrom.get());
      }
    }
    return new Beginning(
        training.start(),
        resume.map(_ -> "No checkpoint was saved yet, so training begins at the first step"));
  }

  private void check() {
    try {
      schedule.check();
      options.settings("", 1, 1, engine.precision());
      data.check(options.space());
    } catch (JditException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
  }
}
