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
import java.util.OptionalInt;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.jdit.dit.image.Png;
import org.jdit.dit.model.Recognition.Wishes;
import org.jdit.dit.sample.DitPipeline;
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
  void sampleAndClassify() {
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
            Double.parseDouble(text("guidance", "2")),
            OptionalInt.empty(),
            number("seed", 0),
            BATCH);
    report.add(
        "%d samples of %s, %s, %s steps, guidance %s"
            .formatted(
                labels.size(),
                model.dit().source(),
                request.sampler(),
                request.steps(),
                request.guidanceScale()));
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

  /** As many drawings as samples; half of them mirrored, since the model sees them so. */
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
    Spread drawn = Spread.of(drawings);
    Spread made = Spread.of(samples);
    double ratio = made.mean() / drawn.mean();
    report.add(
        "variance within a class: %.4f, of drawings %.4f, ratio %.3f"
            .formatted(made.mean(), drawn.mean(), ratio));
    for (int k = 0; k < CLASSES; k++) {
      double a = made.byClass().get(k);
      double b = drawn.byClass().get(k);
      report.add(
          "  %-10s %.4f, %.4f, ratio %.3f".formatted(DemoDrawings.CLASSES.get(k), a, b, a / b));
    }
    assertThat(ratio).isGreaterThanOrEqualTo(0.8);
  }

  /** A copy of a drawing, blurred or noisy as it may be, is nearer to it than new drawings are. */
  @Test
  @Order(4)
  void noSampleIsACopy() throws IOException {
    List<Picture> some = samples.subList(0, Math.min(ROWS * CLASSES, samples.size()));
    List<Picture> control =
        IntStream.range(0, some.size())
            .mapToObj(i -> heldOut.get(i % CLASSES * HELD_OUT + i / CLASSES))
            .toList();
    List<Picture> both = new ArrayList<>(some);
    both.addAll(control);
    List<Neighbours> found =
        timed("search for neighbours", () -> Neighbours.of(both, trainingSet, NEAREST));
    List<Neighbours> ofSamples = found.subList(0, some.size());
    List<Neighbours> ofDrawings = found.subList(some.size(), found.size());
    describe(ofSamples, ofDrawings);
    Files.createDirectories(out);
    Png.write(out.resolve("samples.png"), Picture.grid(some, CLASSES, ENLARGED), Map.of());
    Png.write(
        out.resolve("nearest.png"),
        Picture.grid(columns(some, ofSamples), CLASSES, ENLARGED),
        Map.of());
    assertThat(least(ofSamples)).isGreaterThan(least(ofDrawings) / 2);
  }

  private static double least(List<Neighbours> all) {
    return all.stream().mapToDouble(Neighbours::distance).min().orElseThrow();
  }

  private void describe(List<Neighbours> samples, List<Neighbours> drawings) {
    report.add("distance to the nearest of the training set, in levels of 0 to 255");
    report.add("  samples             " + quantiles(samples, Neighbours::distance));
    report.add("  drawings never seen " + quantiles(drawings, Neighbours::distance));
    report.add("as a part of the distance to the second nearest");
    report.add("  samples             " + quantiles(samples, Neighbours::ratio));
    report.add("  drawings never seen " + quantiles(drawings, Neighbours::ratio));
  }

  private static String quantiles(List<Neighbours> all, ToDoubleFunction<Neighbours> number) {
    double[] sorted = all.stream().mapToDouble(number).sorted().toArray();
    return "least %.3f, lower quarter %.3f, median %.3f, most %.3f"
        .formatted(
            sorted[0],
            sorted[sorted.length / 4],
            sorted[sorted.length / 2],
            sorted[sorted.length - 1]);
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
