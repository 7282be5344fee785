package org.jdit.dit.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jdit.dit.image.Png;
import org.jdit.dit.model.Recognition.Wishes;
import org.jdit.dit.sample.DitPipeline;
import org.jdit.dit.sample.Guidance;
import org.jdit.dit.sample.Listener;
import org.jdit.dit.sample.Model;
import org.jdit.dit.sample.SampleRequest;
import org.jdit.tensor.JditException;
import org.jdit.tensor.spi.Backend;
import org.jdit.tensor.testkit.TestBackend;
import org.jdit.weights.Checkpoint.Choice;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;

/**
 * Whether the model in the box is good enough: a classifier of our own, trained on the drawings,
 * recognises its samples; they vary as the drawings do; and they are no copies. This takes minutes,
 * so the name keeps it out of the normal run. The command, with {@code -Djdit.demo=PATH} for
 * another checkpoint:
 *
 * <pre>{@code
 * mvn -pl dit -am test -Dtest=DemoModelCheck -Dsurefire.failIfNoSpecifiedTests=false
 * }</pre>
 *
 * <p>The directory {@code -Djdit.demo.out} (target/demo) gets {@code report.txt}, {@code
 * samples.png} (a column for each class) and {@code nearest.png} (for each class the sample that is
 * nearest to a drawing of the training set, and below it the four drawings that are nearest to it).
 * Relative paths begin in the directory dit. Other properties are {@code jdit.demo.sampler} (ddim),
 * {@code .steps} (20), {@code .guidance} (2), {@code .samples} (1000; 24 to 2400) and {@code .seed}
 * (0); and of the set that the model was trained on, {@code .per-class} (5000) and {@code
 * .set-seed} (0).
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
final class DemoModelCheck {
  private static final int CLASSES = DemoDrawings.CLASSES.size();

  /** Drawings of each class that the classifier learns from, the first of the training set. */
  private static final int LEARNT = 2000;

  private static final int CLASSIFIER_STEPS = 2000;

  /** Drawings of each class that nothing was trained on. */
  private static final int HELD_OUT = 200;

  private static final int BATCH = 100;
  private static final int ROWS = 8;
  private static final int NEAREST = 4;

  /** Of copies planted among the samples; 106 of 108 were found in the whole set. */
  private static final double FOUND = 0.95;

  private static final int ENLARGED = 3;

  private final Path out = Path.of(text("out", "target/demo"));
  private final DemoSet trainingSet =
      new DemoSet(number("per-class", 5000), Picture.SIDE, number("set-seed", 0));
  private final List<Picture> heldOut =
      Picture.drawn(new DemoSet(HELD_OUT, Picture.SIDE, trainingSet.seed() + 1));
  private final List<String> report = new ArrayList<>();

  private List<Picture> samples = List.of();
  private Seen heldOutSeen;
  private Seen samplesSeen;

  private static String text(String name, String usual) {
    return System.getProperty("jdit.demo." + name, usual);
  }

  private static int number(String name, int usual) {
    return Integer.parseInt(text(name, Integer.toString(usual)));
  }

  private <T> T timed(String what, Supplier<T> work) {
    Instant begin = Instant.now();
    T result = work.get();
    report.add("%s: %d s".formatted(what, Duration.between(begin, Instant.now()).toSeconds()));
    return result;
  }

  @BeforeAll
  void sampleAndClassify() throws IOException {
    String path = System.getProperty("jdit.demo");
    try (Backend backend = TestBackend.open();
        Model model = path == null ? DemoModel.open() : pixelModel(Path.of(path))) {
      samples = timed("sampling", () -> sampled(backend, model));
      try (DrawingClassifier classifier =
          timed("training of the classifier", () -> classifier(backend))) {
        heldOutSeen = new Seen(heldOut, classifier.classify(heldOut));
        samplesSeen = new Seen(samples, classifier.classify(samples));
      }
    }
    write("samples.png", samples.subList(0, Math.min(ROWS * CLASSES, samples.size())));
  }

  private void write(String name, List<Picture> rows) throws IOException {
    Files.createDirectories(out);
    Png.write(out.resolve(name), Picture.grid(rows, CLASSES, ENLARGED), Map.of());
  }

  private static Model pixelModel(Path checkpoint) {
    return Model.open(
        checkpoint,
        Choice.AUTO,
        Wishes.NONE,
        () -> {
          throw new JditException(checkpoint + " is a model of latents, not of pixels");
        });
  }

  private DrawingClassifier classifier(Backend backend) {
    int perClass = Math.min(LEARNT, trainingSet.perClass());
    DemoSet learnt = new DemoSet(perClass, Picture.SIDE, trainingSet.seed());
    return DrawingClassifier.trained(backend, Picture.drawn(learnt), CLASSIFIER_STEPS, 0);
  }

  private List<Picture> sampled(Backend backend, Model model) {
    assertThat(model.imageSize()).as("side of the model's images").isEqualTo(Picture.SIDE);
    List<Integer> labels =
        IntStream.range(0, number("samples", 1000)).mapToObj(i -> i % CLASSES).toList();
    SampleRequest request =
        new SampleRequest(
            labels,
            text("sampler", "ddim"),
            text("steps", "20"),
            0,
            Guidance.ofScale(Double.parseDouble(text("guidance", "2"))),
            number("seed", 0),
            BATCH);
    report.add(
        "%d samples of %s, %s, %s steps, guidance %s"
            .formatted(
                labels.size(),
                model.dit().source(),
                request.sampler(),
                request.steps(),
                request.guidance().scale()));
    try (DitPipeline pipeline = new DitPipeline(backend, model)) {
      return Picture.sampled(pipeline.sample(request, Listener.NONE), labels);
    }
  }

  @Test
  @Order(1)
  void theClassifierKnowsDrawingsThatItHasNotSeen() {
    assertShare("drawings never seen", heldOutSeen, 0.98);
  }

  @Test
  @Order(2)
  void samplesShowWhatWasAskedFor() {
    assertShare("samples", samplesSeen, 0.9);
  }

  private void assertShare(String what, Seen seen, double least) {
    report.add("%s: %.2f %% recognised".formatted(what, 100 * seen.share()));
    report.addAll(seen.table());
    assertThat(seen.share()).as(what).isGreaterThan(least);
  }

  /**
   * As many drawings as samples; half of them mirrored, since the model sees them so. Pixels vary
   * mostly by palette and background, so a model that knows one shape of each class would pass with
   * them alone: outlines and forms, which have no colour, must vary too.
   */
  @Test
  @Order(3)
  void samplesOfAClassVaryAsItsDrawingsDo() {
    List<Picture> drawings = new ArrayList<>();
    for (int k = 0; k < CLASSES; k++) {
      int label = k;
      long count = samples.stream().filter(p -> p.label() == label).count();
      List<Picture> drawn = heldOut.stream().filter(p -> p.label() == label).limit(count).toList();
      for (int i = 0; i < drawn.size(); i++) {
        drawings.add(i % 2 == 0 ? drawn.get(i) : drawn.get(i).mirrored());
      }
    }
    assertThat(drawings).hasSameSizeAs(samples);
    List<String> faults = new ArrayList<>();
    faults.addAll(varies("pixels", Spread::ofPixels, drawings));
    faults.addAll(varies("outlines", Spread::ofOutlines, drawings));
    faults.addAll(varies("forms", Spread::ofForms, drawings));
    assertThat(faults).isEmpty();
  }

  private List<String> varies(
      String what, Function<List<Picture>, Spread> measure, List<Picture> drawings) {
    Spread drawn = measure.apply(drawings);
    Spread made = measure.apply(samples);
    report.add("variance of %s within a class, of samples and of drawings".formatted(what));
    report.addAll(made.table(drawn));
    return made.faults(drawn).stream().map(fault -> what + ": " + fault).toList();
  }

  /**
   * A copy, changed as {@link Planted} does, is nearer to its drawing than new drawings are. Copies
   * planted among the samples show that the search finds them in this set.
   */
  @Test
  @Order(4)
  void noSampleIsACopy() throws IOException {
    List<Picture> control =
        IntStream.range(0, samples.size())
            .mapToObj(i -> heldOut.get(i % CLASSES * HELD_OUT + i / CLASSES))
            .toList();
    List<Picture> planted = Planted.copies(trainingSet);
    List<Picture> all = Stream.of(samples, control, planted).flatMap(List::stream).toList();
    List<Neighbours> found =
        timed("search for neighbours", () -> Neighbours.of(all, trainingSet, NEAREST));
    int n = samples.size();
    Originality ofSamples = new Originality(found.subList(0, n), found.subList(n, 2 * n));
    Originality ofPlanted =
        new Originality(found.subList(2 * n, found.size()), ofSamples.control());
    report.addAll(ofSamples.table());
    report.add(
        "%d samples are copies; of %d planted copies %d are found"
            .formatted(ofSamples.copies().size(), planted.size(), ofPlanted.copies().size()));
    write("nearest.png", columns(samples, ofSamples.pictures()));
    assertThat(ofPlanted.copies().size() / (double) planted.size())
        .as("share of planted copies found")
        .isGreaterThanOrEqualTo(FOUND);
    assertThat(ofSamples.faults()).isEmpty();
  }

  /** Of each class the sample that is nearest to a drawing, then its neighbours; row by row. */
  private List<Picture> columns(List<Picture> pictures, List<Neighbours> found) {
    List<Integer> chosen =
        IntStream.range(0, Math.min(CLASSES, pictures.size()))
            .mapToObj(
                k ->
                    IntStream.range(0, pictures.size())
                        .filter(i -> pictures.get(i).label() == k)
                        .boxed()
                        .min(Comparator.comparingDouble(i -> found.get(i).distance()))
                        .orElseThrow())
            .toList();
    List<Picture> rows = new ArrayList<>();
    chosen.forEach(i -> rows.add(pictures.get(i)));
    for (int n = 0; n < NEAREST; n++) {
      int rank = n;
      chosen.forEach(i -> rows.add(found.get(i).nearest().get(rank).picture(trainingSet)));
    }
    return Collections.unmodifiableList(rows);
  }

  @AfterAll
  void write() throws IOException {
    if (!samples.isEmpty()) {
      Files.createDirectories(out);
      Files.writeString(out.resolve("report.txt"), String.join("\n", report) + "\n");
    }
  }
}
