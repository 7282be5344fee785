package org.jdit.dit.demo;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.jdit.nn.StateDict;
import org.jdit.nn.Weights;
import org.jdit.nn.optim.AdamW;
import org.jdit.nn.optim.ParameterVector;
import org.jdit.tensor.DType;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.autodiff.Autodiff;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.program.Program;
import org.jdit.tensor.program.Role;
import org.jdit.tensor.program.Trace;
import org.jdit.tensor.spi.Backend;
import org.jdit.tensor.spi.Executable;
import org.jdit.tensor.spi.Resident;

/** Tells which of the twelve things a picture shows: a {@link DrawingNet} trained on drawings. */
final class DrawingClassifier implements AutoCloseable {
  private static final int CLASSES = DemoDrawings.CLASSES.size();
  private static final int BATCH = 64;
  private static final double LEARNING_RATE = 2e-3;
  private static final AdamW ADAMW = new AdamW(0.9, 0.999, 1e-8, 0.01);

  private static final String VECTOR = "parameters";
  private static final String EXP_AVG = "exp_avg";
  private static final String EXP_AVG_SQ = "exp_avg_sq";
  private static final Shape IMAGES = Shape.of(BATCH, 3, Picture.SIDE, Picture.SIDE);
  private static final ParameterVector PARAMETERS =
      new ParameterVector(
          StateDict.of(
                  Program.trace(
                      t ->
                          t.output(
                              "logits", new DrawingNet(Weights.params(t), CLASSES).forward(x(t)))))
              .shapes());

  private final Backend backend;
  private final Resident resident;
  private final Executable update;
  private final Executable logits;

  private DrawingClassifier(Backend backend) {
    this.backend = backend;
    resident = backend.newResident();
    update = backend.compile(update(), resident);
    logits =
        backend.compile(
            Program.trace(t -> t.output("logits", logits(t, t.state(VECTOR, PARAMETERS.spec())))),
            resident);
  }

  /**
   * Trains one, the learning rate falling to 0 in a straight line.
   *
   * @param set what to learn; mirrored at random, as the training of the model does
   * @param seed of the first weights and of the draws
   */
  static DrawingClassifier trained(Backend backend, List<Picture> set, int steps, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    DrawingClassifier c = new DrawingClassifier(backend);
    c.start(random);
    for (int step = 1; step <= steps; step++) {
      List<Picture> batch = new ArrayList<>();
      while (batch.size() < BATCH) {
        Picture p = set.get(random.nextInt(set.size()));
        batch.add(random.nextBoolean() ? p.mirrored() : p);
      }
      c.step(batch, step, LEARNING_RATE * (steps - step + 1) / steps);
    }
    return c;
  }

  private static Tensor x(Trace t) {
    return t.input("x", new Spec(IMAGES, DType.F32));
  }

  private static Tensor logits(Trace t, Tensor parameters) {
    Map<String, Tensor> parts = PARAMETERS.split(parameters);
    return new DrawingNet(Weights.of((key, _) -> parts.get(key)), CLASSES).forward(x(t));
  }

  /** Mean cross-entropy. */
  private static Program loss() {
    return Program.trace(
        t -> {
          Tensor logits = logits(t, t.param(VECTOR, PARAMETERS.spec()));
          Tensor asked = t.input("y", Spec.f32(BATCH, CLASSES));
          Tensor above = logits.sub(logits.max(1).unsqueeze(1).detach());
          Tensor all = above.exp().sum(1).log();
          t.output("loss", all.sub(above.mul(asked).sum(1)).mean());
        });
  }

  private static Program update() {
    Program gradient = Autodiff.valueAndGrad(loss(), List.of(VECTOR));
    return Program.trace(
        t -> {
          AdamW.State before =
              new AdamW.State(
                  t.state(VECTOR, PARAMETERS.spec()),
                  t.state(EXP_AVG, PARAMETERS.spec()),
                  t.state(EXP_AVG_SQ, PARAMETERS.spec()));
          List<Tensor> results =
              gradient.call(
                  i ->
                      i.role() == Role.PARAM
                          ? before.parameters()
                          : t.input(i.name(), gradient.spec(i.id())));
          AdamW.State after =
              ADAMW.step(before, results.get(1), t.input("factors", AdamW.factorsSpec()));
          t.update(VECTOR, after.parameters());
          t.update(EXP_AVG, after.expAvg());
          t.update(EXP_AVG_SQ, after.expAvgSq());
          t.output("loss", results.getFirst());
        });
  }

  /** Weights from −b to b with b = √(3 / inputs), which keeps the variance; biases of 0. */
  private void start(RandomGenerator random) {
    float[] vector = new float[PARAMETERS.size()];
    PARAMETERS
        .offsets()
        .forEach(
            (name, at) -> {
              Shape s = PARAMETERS.shapes().get(name);
              if (s.rank() == 2) {
                double bound = Math.sqrt(3.0 / s.dim(1));
                for (int i = 0; i < s.numel(); i++) {
                  vector[at + i] = (float) random.nextDouble(-bound, bound);
                }
              }
            });
    try (TensorScope scope = TensorScope.open(backend.memory())) {
      resident.load(VECTOR, scope.of(PARAMETERS.spec().shape(), vector));
      resident.load(EXP_AVG, scope.zeros(PARAMETERS.spec()));
      resident.load(EXP_AVG_SQ, scope.zeros(PARAMETERS.spec()));
    }
  }

  private void step(List<Picture> batch, long number, double learningRate) {
    float[] asked = new float[BATCH * CLASSES];
    for (int i = 0; i < BATCH; i++) {
      asked[i * CLASSES + batch.get(i).label()] = 1;
    }
    try (TensorScope scope = TensorScope.open(backend.memory())) {
      Map<String, Tensor> inputs =
          Map.of(
              "x", scope.of(IMAGES, Picture.normalised(batch)),
              "y", scope.of(Shape.of(BATCH, CLASSES), asked),
              "factors",
                  scope.of(AdamW.factorsSpec().shape(), ADAMW.factors(number, learningRate)));
      update.run(inputs, scope);
    }
  }

  /** What each picture shows. */
  List<Integer> classify(List<Picture> pictures) {
    List<Integer> labels = new ArrayList<>();
    for (int from = 0; from < pictures.size(); from += BATCH) {
      List<Picture> some = pictures.subList(from, Math.min(from + BATCH, pictures.size()));
      float[] x = Arrays.copyOf(Picture.normalised(some), BATCH * Picture.NUMBERS);
      try (TensorScope scope = TensorScope.open(backend.memory())) {
        float[] scores =
            logits.run(Map.of("x", scope.of(IMAGES, x)), scope).get("logits").toFloats();
        for (int i = 0; i < some.size(); i++) {
          int best = 0;
          for (int k = 1; k < CLASSES; k++) {
            best = scores[i * CLASSES + k] > scores[i * CLASSES + best] ? k : best;
          }
          labels.add(best);
        }
      }
    }
    return labels;
  }

  @Override
  public void close() {
    logits.close();
    update.close();
    resident.close();
  }
}
