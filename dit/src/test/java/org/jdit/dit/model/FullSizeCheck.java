package org.jdit.dit.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jdit.diffusion.ClassifierFreeGuidance;
import org.jdit.nn.Taps;
import org.jdit.nn.Weights;
import org.jdit.tensor.DType;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.program.Program;
import org.jdit.tensor.random.TorchGenerator;
import org.jdit.tensor.spi.Backend;
import org.jdit.tensor.spi.Executable;
import org.jdit.tensor.spi.Resident;
import org.jdit.tensor.testkit.ReferenceData;
import org.jdit.tensor.testkit.Tolerance;
import tools.jackson.databind.JsonNode;

/**
 * A full-size network of the paper against slices that the official code recorded: batches of 1, 3
 * and 16, inner values, and guidance.
 */
final class FullSizeCheck {
  /** Between torch releases 3e-6, mostly from the exp() of the time frequencies. */
  private static final Tolerance FORWARD = Tolerance.relToMax(2e-5);

  private static final Tolerance INNER = Tolerance.relToMax(1e-5);

  /** Guidance subtracts two predictions and multiplies their errors by 4. */
  private static final Tolerance GUIDED = Tolerance.relToMax(4e-5);

  private static final int NULL_CLASS = 1000;

  private final JsonNode entry;
  private final int cut;
  private final DiTConfig config;
  private final ReferenceData expected;
  private final JsonNode facts;
  private final Consumer<String> progress;

  /**
   * A check of one model.
   *
   * @param progress is told what has been found equal
   */
  FullSizeCheck(String model, Consumer<String> progress) {
    entry =
        ReferenceData.json("full_size/config.json")
            .get("models")
            .valueStream()
            .filter(e -> e.get("model").asString().equals(model))
            .findFirst()
            .orElseThrow(() -> new IllegalArgumentException("nothing is recorded of " + model));
    cut = entry.get("cut").asInt();
    config = DiTConfig.named(model, entry.get("input_size").asInt(), NULL_CLASS);
    String file = "full_size/" + model.replace('/', '-');
    expected = ReferenceData.resource(file + ".safetensors");
    facts = ReferenceData.json(file + ".json");
    this.progress = progress;
  }

  /** Fails at the first number that is not as recorded. */
  void run(Backend backend) {
    RecipeWeights weights = RecipeWeights.of(config, entry.get("base_seed").asLong());
    checkWeights(backend, weights);
    try (Resident resident = backend.newResident();
        Executable one = backend.compile(forward(1, true), resident);
        Executable three = backend.compile(forward(3, false), resident);
        Executable sixteen = backend.compile(forward(16, false), resident);
        Executable guided = backend.compile(guided(2), resident);
        TensorScope scope = TensorScope.open(backend.memory())) {
      DiT.stateDict(config).load(weights, resident, backend.memory());
      progress.accept("weights loaded");
      checkOne(one.run(inputs("batch1", scope), scope));
      compare("batch3/out", three.run(inputs("batch3", scope), scope).get("out"), FORWARD);
      Map<String, Tensor> out = sixteen.run(inputs("batch16", scope), scope);
      compare("batch16/out_cut", cut(out.get("out"), cut), FORWARD);
      Tensor guidedOut = guided.run(guidedInputs(scope), scope).get("out");
      compare("cfg/out_cut", cut(guidedOut, cut), GUIDED);
    }
  }

  private void compare(String key, Tensor actual, Tolerance tolerance) {
    expected.assertClose(key, actual, tolerance);
    progress.accept(key);
  }

  /** The recorded first, last and summed elements of every weight, before they are relied on. */
  private void checkWeights(Backend backend, RecipeWeights weights) {
    for (JsonNode row : facts.get("weights").valueStream().toList()) {
      String name = row.get("name").asString();
      try (TensorScope scope = TensorScope.open(backend.memory())) {
        float[] w = weights.map(name, scope).toFloats();
        double sum = 0;
        for (float x : w) {
          sum += x;
        }
        double[] actual = {w[0], w[1], w[w.length - 1]};
        double[] recorded = {
          row.get("first").get(0).asDouble(),
          row.get("first").get(1).asDouble(),
          row.get("last").asDouble()
        };
        Tolerance.EXACT.assertClose(name, actual, recorded);
        // Only the order of the additions differs.
        new Tolerance(1e-6, 1e-9)
            .assertClose(
                "sum of " + name, new double[] {sum}, new double[] {row.get("sum").asDouble()});
      }
    }
    progress.accept("weights drawn as recorded");
  }

  private void checkOne(Map<String, Tensor> out) {
    compare("batch1/out", out.get("out"), FORWARD);
    for (String key : expected.keys()) {
      if (key.startsWith("batch1/act/")) {
        Tensor whole = out.get(key.substring("batch1/".length()));
        Tensor slice =
            whole.shape().rank() == 3
                ? every(every(whole, 1, whole.dim(1) / 4), 2, whole.dim(2) / 32)
                : whole;
        compare(key, slice, INNER);
      }
    }
  }

  private static Tensor cut(Tensor images, int step) {
    return every(every(images, 2, step), 3, step);
  }

  /** Every {@code step}-th index of an axis, from 0: a view. */
  private static Tensor every(Tensor t, int axis, int step) {
    int n = t.dim(axis) / step;
    List<Integer> split = new ArrayList<>(t.shape().dims());
    split.set(axis, n);
    split.add(axis + 1, step);
    return t.reshape(new Shape(split)).slice(axis + 1, 0, 1).reshape(t.shape().with(axis, n));
  }

  private Program forward(int n, boolean tapped) {
    return Program.trace(
        t -> {
          Taps taps = tapped ? (name, v) -> tap(t::output, name, v.get()) : Taps.NONE;
          t.output(
              "out",
              new DiT(config, Weights.params(t))
                  .forward(
                      t.input("x", DiT.input(config, n)),
                      t.input("t", TimestepFeatures.spec(n)),
                      t.input("y", Spec.i64(n)),
                      taps));
        });
  }

  /** Of a large network only what was recorded is kept. */
  private void tap(BiConsumer<String, Tensor> output, String name, Tensor value) {
    if (expected.has("batch1/act/" + name)) {
      output.accept("act/" + name, value);
    }
  }

  private Program guided(int n) {
    return Program.trace(
        t -> {
          Tensor x = t.input("x", DiT.input(config, n));
          Tensor scale = t.input("scale", new Spec(Shape.SCALAR, DType.F32));
          DiT dit = new DiT(config, Weights.params(t));
          t.output(
              "out",
              ClassifierFreeGuidance.OFFICIAL
                  .doubled(dit.pairDenoiser(t.input("y", Spec.i64(2 * n))), scale)
                  .predict(Tensor.concat(0, x, x), t.input("t", TimestepFeatures.spec(n))));
        });
  }

  private Map<String, Tensor> inputs(String batch, TensorScope scope) {
    JsonNode c = entry.get(batch);
    double[] t = c.get("t").valueStream().mapToDouble(JsonNode::asDouble).toArray();
    long[] y = c.get("y").valueStream().mapToLong(JsonNode::asLong).toArray();
    return inputs(c.get("x_seed").asLong(), t, y, scope);
  }

  private Map<String, Tensor> inputs(long seed, double[] t, long[] y, TensorScope scope) {
    Spec x = DiT.input(config, t.length);
    float[] noise = new TorchGenerator(seed).randn((int) x.shape().numel());
    return Map.of(
        "x", scope.of(x.shape(), noise),
        "t", TimestepFeatures.of(scope, config.numerics(), t),
        "y", scope.of(Shape.of(y.length), y));
  }

  private Map<String, Tensor> guidedInputs(TensorScope scope) {
    JsonNode c = entry.get("cfg");
    long[] labels = c.get("y").valueStream().mapToLong(JsonNode::asLong).toArray();
    long[] y = Arrays.copyOf(labels, 2 * labels.length);
    Arrays.fill(y, labels.length, y.length, config.nullClass());
    double[] t = new double[labels.length];
    Arrays.fill(t, c.get("t").asDouble());
    Map<String, Tensor> inputs = new HashMap<>(inputs(c.get("x_seed").asLong(), t, y, scope));
    inputs.put("scale", scope.of(Shape.SCALAR, (float) c.get("scale").asDouble()));
    return inputs;
  }
}
