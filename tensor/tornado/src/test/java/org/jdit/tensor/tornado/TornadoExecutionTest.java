package org.jdit.tensor.tornado;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.HashMap;
import java.util.Map;
import java.util.stream.IntStream;
import org.jdit.tensor.DType;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.op.Call;
import org.jdit.tensor.program.Program;
import org.jdit.tensor.spi.BackendOptions;
import org.jdit.tensor.spi.Executable;
import org.jdit.tensor.spi.Precision;
import org.jdit.tensor.spi.Resident;
import org.jdit.tensor.spi.TaskTime;
import org.jdit.tensor.testkit.ReferenceBackend;
import org.jdit.tensor.testkit.Tolerance;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Everything runs on the device, and what cannot is refused. */
class TornadoExecutionTest {
  private static final Spec X = Spec.f32(3, 8);
  private static final Spec W = Spec.f32(8, 8);
  private static final int DEPTH = 4;

  private final TornadoBackend backend = open(new BackendOptions("", 0, true, Precision.FP32));

  private static TornadoBackend open(BackendOptions options) {
    return (TornadoBackend) new TornadoBackendProvider().open(options);
  }

  @AfterEach
  void nothingIsLeft() {
    assertThat(backend.memory().liveBytes()).isZero();
    backend.close();
  }

  private static final Program BLOCK =
      Program.trace(
          t -> {
            Tensor x = t.input("x", X);
            Tensor y = x.layerNorm(1e-6).matmul(t.param("w", W)).mul(t.input("c", X));
            t.output("y", x.add(y));
          });

  /** Blocks between two stages, so that there are several task graphs. */
  private static final Program NETWORK =
      Program.trace(
          t -> {
            Tensor c = t.input("c", X).silu();
            Tensor x = t.input("x", X).mul(2);
            for (int i = 0; i < DEPTH; i++) {
              x = Tensor.apply(new Call(BLOCK), x, t.param("blocks." + i + ".w", W), c);
            }
            t.output("y", x.gelu());
          });

  /** Reads one block's weight by itself. */
  private static final Program PEEK =
      Program.trace(
          t -> {
            Tensor w = t.param("blocks.2.w", W);
            t.output("sum", w.sum());
            Tensor n = t.state("n", Spec.f32());
            t.update("n", n.add(w.sum()));
          });

  private static double[] values(int seed, int n) {
    return IntStream.range(0, n).mapToDouble(i -> (float) Math.sin(seed + 0.7 * i)).toArray();
  }

  private static Map<String, double[]> values(Program p) {
    Map<String, double[]> at = new HashMap<>();
    p.inputs()
        .forEach(
            i ->
                at.put(
                    i.name(),
                    values(i.name().hashCode() % 100, (int) p.spec(i.id()).shape().numel())));
    return at;
  }

  private static Tensor tensor(TensorScope scope, Program p, String name) {
    return scope.of(p.spec(p.input(name).id()), values(p).get(name));
  }

  private static void load(Resident store, TensorScope scope, Program p) {
    store
        .missing()
        .forEach(
            name -> {
              if (p.inputs().stream().anyMatch(i -> i.name().equals(name))) {
                store.load(name, tensor(scope, p, name));
              }
            });
  }

  private static void assertNetwork(Executable network, TensorScope scope) {
    Tensor y =
        network
            .run(Map.of("x", tensor(scope, NETWORK, "x"), "c", tensor(scope, NETWORK, "c")), scope)
            .get("y");
    // Four blocks of a few roundings each.
    Tolerance.relToMax(1e-5)
        .assertClose("y", y, ReferenceBackend.evaluate(NETWORK, values(NETWORK)).get("y"));
  }

  @Test
  void everyTaskRunsOnTheDevice() {
    try (TensorScope scope = TensorScope.open(backend.memory());
        Resident store = backend.newResident();
        Executable network = backend.compile(NETWORK, store)) {
      load(store, scope, NETWORK);
      assertNetwork(network, scope);
      long planned = ((TornadoExecutable) network).tasks();
      assertThat(backend.counters().tasks()).isEqualTo(planned);
      assertNetwork(network, scope);
      assertThat(backend.counters().tasks()).isEqualTo(2 * planned);
      // The device has timed each of them, and one that brings the weights.
      assertThat(backend.profile())
          .isNotEmpty()
          .allMatch(t -> t.nanos() > 0 && t.compileNanos() > 0);
      assertThat(
              backend.profile().stream()
                  .filter(t -> !t.task().contains(DevicePlan.MEMORY))
                  .mapToLong(TaskTime::count)
                  .sum())
          .isEqualTo(2 * planned);
    }
  }

  @Test
  void executablesOfAStoreTakeTurnsAndMoveWeightsIntoStacks() {
    try (TensorScope scope = TensorScope.open(backend.memory());
        Resident store = backend.newResident();
        Executable peek = backend.compile(PEEK, store)) {
      load(store, scope, PEEK);
      store.load("n", scope.of(Shape.SCALAR, 0f));
      double sum = peek.run(Map.of(), scope).get("sum").item();
      assertThat(store.read("n", scope).item()).isEqualTo(sum);
      try (Executable network = backend.compile(NETWORK, store)) {
        load(store, scope, NETWORK);
        for (int i = 2; i < 4; i++) {
          assertNetwork(network, scope);
          assertThat(peek.run(Map.of(), scope).get("sum").item()).isEqualTo(sum);
          assertThat(store.read("n", scope).item()).isCloseTo(i * sum, within(1e-5));
        }
        assertThat(store.read("blocks.2.w", scope).toFloats())
            .isEqualTo(tensor(scope, NETWORK, "blocks.2.w").toFloats());
      }
      peek.run(Map.of(), scope);
      assertThat(store.read("n", scope).item()).isCloseTo(4 * sum, within(1e-5));
    }
  }

  @Test
  void otherElementTypesAreRefused() {
    Program half =
        Program.trace(t -> t.output("y", t.input("x", new Spec(Shape.of(3), DType.F16)).exp()));
    try (Resident store = backend.newResident()) {
      assertThatThrownBy(() -> backend.compile(half, store).close())
          .isInstanceOf(JditException.class)
          .hasMessageContaining("tornado does not support Unary.EXP")
          .hasMessageContaining("F32");
    }
  }

  @Test
  void moreThanTheDeviceHoldsIsRefused() {
    TornadoDevices.Device real = backend.device();
    TornadoBackend small =
        new TornadoBackend(
            new TornadoDevices.Device(real.id(), "small", 1 << 20, 1 << 20, real.handle()), false);
    Program large = Program.trace(t -> t.output("y", t.param("w", Spec.f32(1 << 20)).sum()));
    try (Resident store = small.newResident()) {
      assertThatThrownBy(() -> small.compile(large, store).close())
          .isInstanceOf(JditException.class)
          .hasMessageContaining("has 1 MiB")
          .hasMessageContaining("use a smaller batch");
    }
    // What each Program needs is there, but not what both do.
    Spec part = Spec.f32(72 << 10);
    Program first = Program.trace(t -> t.output("y", t.input("x", part).exp().neg()));
    Program second = Program.trace(t -> t.output("y", t.input("x", part).neg().exp()));
    try (TensorScope scope = TensorScope.open(small.memory());
        Resident store = small.newResident();
        Executable a = small.compile(first, store);
        Executable b = small.compile(second, store)) {
      assertThatThrownBy(() -> a.run(Map.of("x", scope.zeros(part)), scope))
          .isInstanceOf(JditException.class)
          .hasMessageContaining("this needs");
      assertThat(b.bytes()).isPositive();
    }
    assertThat(small.memory().liveBytes()).isZero();
  }

  @Test
  void anUnknownDeviceIsRefusedWithTheKnownOnes() {
    assertThatThrownBy(() -> open(new BackendOptions("7:7", 0)))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("the tornado backend has no device 7:7")
        .hasMessageContaining("0:0");
  }

  @Test
  void runningTasksAsJavaCodeIsRefused() {
    String bailout = "tornado.recover.bailout";
    String before = System.setProperty(bailout, "True");
    try {
      assertThatThrownBy(() -> open(BackendOptions.DEFAULT))
          .isInstanceOf(JditException.class)
          .hasMessageContaining("-Dtornado.recover.bailout=True lets TornadoVM run failed tasks");
    } finally {
      System.setProperty(bailout, before);
    }
  }
}
