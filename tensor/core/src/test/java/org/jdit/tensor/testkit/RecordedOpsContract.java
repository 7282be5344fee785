package org.jdit.tensor.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.autodiff.Autodiff;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.program.Program;
import org.jdit.tensor.spi.Backend;
import org.jdit.tensor.spi.Executable;
import org.jdit.tensor.spi.Precision;
import org.jdit.tensor.spi.Resident;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.databind.JsonNode;

/** A backend computes what PyTorch computed: elementary operations and their gradients. */
public abstract class RecordedOpsContract {
  /**
   * Recorded values are float32 themselves: PyTorch versions differ among each other by 5e-7 of the
   * largest element, float32 from float64 by 4e-7.
   */
  private static final Tolerance FP32 = Tolerance.relToMax(2e-6);

  /**
   * Each of two factors is off by up to 2^-9 of itself, and a gradient is a product of products.
   */
  private static final Tolerance BF16 = Tolerance.relToMax(0x1p-6);

  /** As {@link #BF16}, of factors that have 8 bits more; besides, sums are those of float32. */
  private static final Tolerance BF16X3 = Tolerance.relToMax(0x1p-14 + 2e-6);

  private static final ReferenceData DATA = ReferenceData.resource("ops.safetensors");

  private Backend backend;

  /** Opens the backend under test. */
  protected abstract Backend open();

  /** What the backend computes products in. */
  protected Precision precision() {
    return Precision.FP32;
  }

  /** What the backend leaves out of products, as a part of the largest element of a result. */
  protected double leftOut() {
    return 0;
  }

  /** The backend under test, open for the length of a test. */
  protected final Backend backend() {
    return backend;
  }

  @BeforeEach
  final void openBackend() {
    backend = open();
  }

  @AfterEach
  final void nothingIsLeft() {
    assertThat(backend.memory().liveBytes()).as("live bytes after a test").isZero();
    backend.close();
  }

  /** Compiles and runs a Program once; the results belong to {@code scope}. */
  protected final Map<String, Tensor> run(
      Program p, Map<String, Tensor> inputs, TensorScope scope) {
    try (Resident none = backend.newResident();
        Executable executable = backend.compile(p, none)) {
      return executable.run(inputs, scope);
    }
  }

  @TestFactory
  final Stream<DynamicTest> recordedOperations() {
    return ReferenceData.json("ops.json")
        .valueStream()
        .map(c -> DynamicTest.dynamicTest(c.get("name").asString(), () -> check(c)));
  }

  private void check(JsonNode c) {
    Tolerance usual =
        switch (precision()) {
          case FP32 -> FP32;
          case BF16X3 -> BF16X3;
          case BF16 -> BF16;
        };
    String prefix = c.get("name").asString() + "/";
    List<String> inputs = c.get("inputs").valueStream().map(JsonNode::asString).toList();
    List<String> grads = c.get("grads").valueStream().map(JsonNode::asString).toList();
    Program p =
        Program.trace(
            t -> {
              Map<String, Tensor> in = new HashMap<>();
              inputs.forEach(name -> in.put(name, t.input(name, DATA.spec(prefix + name))));
              Tensor out = compute(c.get("op").asString(), c.get("attrs"), in);
              Tensor d = t.input("grad_out", DATA.spec(prefix + "grad_out"));
              t.output("loss", out.mul(d).sum());
              t.output("out", out);
            });
    Program g = Autodiff.valueAndGrad(p, grads);
    try (TensorScope scope = TensorScope.open(backend.memory())) {
      Map<String, Tensor> values = new HashMap<>();
      g.inputs().forEach(i -> values.put(i.name(), DATA.tensor(prefix + i.name(), scope)));
      Map<String, Tensor> results = run(g, values, scope);
      DATA.assertClose(prefix + "out", results.get("out"), usual);
      double largest =
          grads.stream().mapToDouble(name -> max(prefix + "grad." + name)).max().orElse(0);
      for (String name : grads) {
        String key = prefix + "grad." + name;
        // A gradient that cancels to 0 is measured by the others.
        Tolerance bound = max(key) == 0 ? new Tolerance(usual.ofMax() * largest, 0) : usual;
        DATA.assertClose(key, results.get("grad." + name), bound);
      }
    }
  }

  private static double max(String key) {
    return Arrays.stream(DATA.doubles(key)).map(Math::abs).max().orElse(0);
  }

  private static Tensor compute(String op, JsonNode attrs, Map<String, Tensor> in) {
    Tensor x = in.get("x");
    Tensor w = in.get("w");
    Tensor b = in.get("b");
    return switch (op) {
      case "linear" -> x.linear(w, b == null ? x.fill(Shape.of(w.dim(0)), 0) : b);
      case "layer_norm" -> {
        Tensor y = x.layerNorm(attrs.get("eps").asDouble());
        yield attrs.get("affine").asBoolean() ? y.mul(w).add(b) : y;
      }
      case "rms_norm" -> x.rmsNorm(attrs.get("eps").asDouble(), w);
      case "softmax" -> x.softmax();
      case "attention" ->
          in.get("q").attention(in.get("k"), in.get("v"), attrs.get("scale").asDouble());
      case "gelu_tanh" -> x.gelu();
      case "gelu_erf" -> x.mul(x.mul(Math.sqrt(0.5)).erf().add(1)).mul(0.5);
      case "silu" -> x.silu();
      case "sigmoid" -> x.sigmoid();
      case "tanh" -> x.tanh();
      case "exp" -> x.exp();
      case "sin" -> x.sin();
      case "cos" -> x.cos();
      case "log" -> x.log();
      case "sqrt" -> x.sqrt();
      case "clamp" -> x.clamp(attrs.get("min").asDouble(), attrs.get("max").asDouble());
      case "conv2d" -> x.conv2d(w, b, attrs.get("stride").asInt(), attrs.get("padding").asInt());
      case "conv2d_asympad" -> x.pad(2, 0, 1).pad(3, 0, 1).conv2d(w, b, 2, 0);
      case "group_norm" ->
          x.groupNorm(attrs.get("groups").asInt(), attrs.get("eps").asDouble(), w, b);
      case "upsample_nearest2x" -> {
        int n = x.dim(0);
        int c = x.dim(1);
        int h = x.dim(2);
        int v = x.dim(3);
        Tensor twice = x.reshape(n, c, h, 1, v, 1).expand(Shape.of(n, c, h, 2, v, 2));
        yield twice.reshape(n, c, 2 * h, 2 * v);
      }
      case "embedding" -> w.gather(in.get("idx"));
      case "add" -> in.get("a").add(b);
      case "sub" -> in.get("a").sub(b);
      case "mul" -> in.get("a").mul(b);
      case "div" -> in.get("a").div(b);
      case "matmul" -> in.get("a").matmul(b);
      case "modulate" ->
          x.mul(in.get("scale").unsqueeze(1).add(1)).add(in.get("shift").unsqueeze(1));
      case "sum" -> over(attrs, x, y -> y.sum(axes(attrs)));
      case "mean" -> over(attrs, x, y -> y.mean(axes(attrs)));
      case "chunk6" -> {
        List<Tensor> parts = x.chunk(6, 1);
        yield IntStream.range(0, 6)
            .mapToObj(i -> parts.get(i).mul(i + 1))
            .reduce(Tensor::add)
            .orElseThrow();
      }
      case "permute" -> x.permute(2, 0, 3, 1).reshape(4, -1).mul(x.iota(Spec.f32(30), 0).add(1));
      case "mse" -> x.sub(in.get("y")).square().mean(1, 2);
      default -> throw new IllegalArgumentException("no operation " + op);
    };
  }

  private static int[] axes(JsonNode attrs) {
    return attrs.get("dims").valueStream().mapToInt(JsonNode::asInt).toArray();
  }

  private static Tensor over(JsonNode attrs, Tensor x, UnaryOperator<Tensor> reduction) {
    Tensor y = reduction.apply(x);
    if (!attrs.get("keepdim").asBoolean()) {
      return y;
    }
    Shape kept = x.shape();
    for (int axis : axes(attrs)) {
      kept = kept.with(axis, 1);
    }
    return y.reshape(kept);
  }
}
