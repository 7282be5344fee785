package org.jdit.tensor.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.jdit.tensor.DType;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.autodiff.Autodiff;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.op.Call;
import org.jdit.tensor.op.Iota;
import org.jdit.tensor.program.Passes;
import org.jdit.tensor.program.Program;
import org.jdit.tensor.spi.Executable;
import org.jdit.tensor.spi.Resident;
import org.junit.jupiter.api.Test;

/**
 * What every backend owes: the numbers of {@link OpContract}, and here what Programs, stores and
 * executables do. A test class of a backend extends this one and opens the backend.
 */
public abstract class BackendContract extends OpContract {
  private static final Spec VECTOR = Spec.f32(5);
  private static final float[] X = {1, 2, 3, 4, 5};

  private TensorScope scope() {
    return TensorScope.open(backend().memory());
  }

  private static Tensor vector(TensorScope scope, float... elements) {
    return scope.of(Shape.of(elements.length), elements);
  }

  // ---- inputs and stores -------------------------------------------------------------------

  /** {@code y = w · x + s}, and s becomes y. */
  private static final Program ROLES =
      Program.trace(
          t -> {
            Tensor y = t.param("w", VECTOR).mul(t.input("x", VECTOR)).add(t.state("s", VECTOR));
            t.update("s", y);
            t.output("y", y);
          });

  @Test
  final void parametersAndStateAreLoadedInputsAreGiven() {
    try (TensorScope scope = scope();
        Resident resident = backend().newResident();
        Executable executable = backend().compile(ROLES, resident)) {
      assertThat(resident.missing()).containsExactlyInAnyOrder("w", "s");
      Map<String, Tensor> inputs = Map.of("x", vector(scope, X));
      resident.load("w", vector(scope, 1, 10, 100, 1000, 10000));
      assertThat(resident.missing()).containsExactly("s");
      assertThatThrownBy(() -> executable.run(inputs, scope))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("s");
      resident.load("s", vector(scope, 1, 1, 1, 1, 1));
      assertThat(resident.missing()).isEmpty();
      assertThat(resident.bytes()).isGreaterThanOrEqualTo(40);
      Tensor y = executable.run(inputs, scope).get("y");
      assertThat(y.toFloats()).containsExactly(2, 21, 301, 4001, 50001);
      assertThat(resident.read("s", scope).toFloats()).containsExactly(y.toFloats());
      assertThat(resident.read("w", scope).toFloats()).containsExactly(1, 10, 100, 1000, 10000);
      executable.run(inputs, scope);
      assertThat(resident.read("s", scope).toFloats()).containsExactly(3, 41, 601, 8001, 100001);
      resident.load("s", vector(scope, 0, 0, 0, 0, 0));
      assertThat(executable.run(inputs, scope).get("y").toFloats())
          .containsExactly(1, 20, 300, 4000, 50000);
    }
  }

  /** Two bytes hold small whole numbers, so both types are the same values as in float32. */
  @Test
  final void float32ValuesMayBeLoadedInTwoBytesAnElement() {
    try (TensorScope scope = scope();
        Resident resident = backend().newResident();
        Executable executable = backend().compile(ROLES, resident)) {
      Map<String, Tensor> inputs = Map.of("x", vector(scope, X));
      for (DType type : List.of(DType.F16, DType.BF16)) {
        resident.load("w", scope.copy(vector(scope, 1, 2, -3, 4, 0.125f), type));
        resident.load("s", scope.copy(vector(scope, 1, 1, 1, 1, 1), type));
        float[] y = executable.run(inputs, scope).get("y").toFloats();
        assertThat(y).containsExactly(2, 5, -8, 17, 1.625f);
        assertThat(resident.read("s", scope).toFloats()).containsExactly(y);
        Tensor w = resident.read("w", scope);
        assertThat(w.spec()).isEqualTo(VECTOR);
        assertThat(w.toFloats()).containsExactly(1, 2, -3, 4, 0.125f);
      }
    }
  }

  @Test
  final void storesRefuseWhatNobodyWants() {
    try (TensorScope scope = scope();
        Resident resident = backend().newResident();
        Executable _ = backend().compile(ROLES, resident)) {
      assertThatThrownBy(() -> resident.load("v", vector(scope, X)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("v");
      assertThatThrownBy(() -> resident.load("x", vector(scope, X)))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> resident.load("w", vector(scope, 1, 2)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("w");
      assertThatThrownBy(
              () -> resident.load("w", scope.of(new Spec(Shape.of(5), DType.F64), new double[5])))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> resident.read("w", scope))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  final void wrongInputsAreRefused() {
    Program p =
        Program.trace(
            t -> {
              t.output("y", t.input("a", VECTOR).neg());
              t.input("unused", VECTOR);
            });
    try (TensorScope scope = scope();
        Resident none = backend().newResident();
        Executable executable = backend().compile(p, none)) {
      Tensor x = vector(scope, X);
      for (Map<String, Tensor> wrong :
          List.of(
              Map.of("a", x),
              Map.of("a", x, "unused", x, "more", x),
              Map.of("a", vector(scope, 1, 2), "unused", x),
              Map.of("a", x, "unused", scope.of(Shape.of(5), new long[5])))) {
        assertThatThrownBy(() -> executable.run(wrong, scope))
            .isInstanceOf(IllegalArgumentException.class);
      }
      assertThat(executable.run(Map.of("a", x, "unused", x), scope).get("y").toFloats())
          .containsExactly(-1, -2, -3, -4, -5);
    }
  }

  @Test
  final void loadedValuesAndInputsMayBeViewsAndAreCopied() {
    try (TensorScope scope = backend().openScope();
        Resident resident = backend().newResident();
        Executable executable = backend().compile(ROLES, resident)) {
      Tensor grid = scope.of(Spec.f32(5, 3), IntStream.range(0, 15).asDoubleStream().toArray());
      try (TensorScope inner = backend().openScope()) {
        Tensor copy = inner.keep(grid);
        resident.load("w", copy.slice(1, 1, 1).reshape(5));
        resident.load("s", copy.slice(0, 2, 1).slice(1, 2, 1).expand(Shape.of(5, 1)).reshape(5));
      }
      Tensor column = grid.t().slice(0, 2, 1).reshape(5);
      // w = 1, 4, …  x = 2, 5, …  s = 8
      assertThat(executable.run(Map.of("x", column), scope).get("y").toFloats())
          .containsExactly(10, 28, 64, 118, 190);
    }
  }

  @Test
  final void executablesShareAStore() {
    Program train =
        Program.trace(
            t -> {
              Tensor w = t.state("w", Spec.f32(7, 5));
              t.update("w", w.add(t.input("x", VECTOR)));
              t.output("sum", w.sum());
            });
    Program use =
        Program.trace(
            t -> {
              Tensor x = t.input("x", Spec.f32(3, 5));
              t.output("y", x.matmul(t.state("w", Spec.f32(7, 5)).t()));
              t.output("z", x.linear(t.state("w", Spec.f32(7, 5)), x.fill(Shape.of(7), 0)));
            });
    try (TensorScope scope = scope();
        Resident resident = backend().newResident();
        Executable trainer = backend().compile(train, resident);
        Executable user = backend().compile(use, resident)) {
      Tensor ones = scope.of(Spec.f32(3, 5), ones(15));
      resident.load("w", scope.of(Spec.f32(7, 5), ones(35)));
      assertThat(user.run(Map.of("x", ones), scope).get("y").toFloats()).containsOnly(5);
      trainer.run(Map.of("x", vector(scope, X)), scope);
      Map<String, Tensor> after = user.run(Map.of("x", ones), scope);
      assertThat(after.get("y").toFloats()).containsOnly(20);
      assertThat(after.get("z").toFloats()).containsOnly(20);
      assertThat(trainer.run(Map.of("x", vector(scope, X)), scope).get("sum").item())
          .isEqualTo(140);
    }
  }

  @Test
  final void aNameHasOneRoleAndOneSpecInAStore() {
    Program param = Program.trace(t -> t.output("y", t.param("w", VECTOR).mul(2)));
    Program state = Program.trace(t -> t.output("y", t.state("w", VECTOR).mul(2)));
    Program other = Program.trace(t -> t.output("y", t.param("w", Spec.f32(6)).mul(2)));
    try (Resident resident = backend().newResident();
        Executable _ = backend().compile(param, resident)) {
      assertThatThrownBy(() -> backend().compile(state, resident))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("w is")
          .hasMessageContaining("PARAM")
          .hasMessageContaining("STATE");
      assertThatThrownBy(() -> backend().compile(other, resident))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("f32[6]");
    }
  }

  @Test
  final void partsOfAParameterLeaveTheRestOfIt() {
    Program p =
        Program.trace(
            t -> {
              Tensor w = t.param("w", Spec.f32(4, 6));
              Tensor x = t.input("x", Spec.f32(2, 3));
              t.output("columns", x.matmul(w.t().slice(0, 1, 3)));
              t.output("rows", x.linear(w.slice(0, 2, 2).slice(1, 3, 3), x.fill(Shape.of(2), 0)));
              // As many elements as w has, but one row of it many times.
              Tensor tall = w.slice(0, 0, 1).reshape(6, 1).slice(0, 0, 3).expand(Shape.of(3, 8));
              t.output("stretched", x.matmul(tall));
            });
    try (TensorScope scope = scope();
        Resident resident = backend().newResident();
        Executable executable = backend().compile(p, resident)) {
      double[] w = IntStream.range(0, 24).asDoubleStream().toArray();
      resident.load("w", scope.of(Spec.f32(4, 6), w));
      assertThat(resident.read("w", scope).toDoubles()).isEqualTo(w);
      Tensor x = scope.of(Spec.f32(2, 3), 1, 0, 0, 1, 1, 1);
      Map<String, Tensor> y = executable.run(Map.of("x", x), scope);
      assertThat(y.get("columns").toFloats()).containsExactly(1, 7, 13, 19, 6, 24, 42, 60);
      assertThat(y.get("rows").toFloats()).containsExactly(15, 21, 48, 66);
      assertThat(y.get("stretched").toFloats())
          .containsExactly(0, 0, 0, 0, 0, 0, 0, 0, 3, 3, 3, 3, 3, 3, 3, 3);
    }
  }

  private static double[] ones(int n) {
    return IntStream.range(0, n).mapToDouble(_ -> 1).toArray();
  }

  // ---- state -------------------------------------------------------------------------------

  @Test
  final void updatesAreCommittedTogetherAtTheEnd() {
    Program p =
        Program.trace(
            t -> {
              Tensor a = t.state("a", VECTOR);
              Tensor b = t.state("b", VECTOR);
              Tensor c = t.state("c", VECTOR);
              // A swap, an update that others read, one by a view and one by an input.
              t.update("a", b);
              t.update("b", a);
              t.update("c", c.add(a));
              t.update("d", t.state("d", VECTOR).slice(0, 4, 1).expand(Shape.of(5)));
              t.state("e", VECTOR);
              t.update("e", t.input("x", VECTOR));
              t.output("old", c);
              t.output("new", c.add(a));
              t.output("after", c.mul(2));
            });
    try (TensorScope scope = scope();
        Resident resident = backend().newResident();
        Executable executable = backend().compile(p, resident)) {
      resident.load("a", vector(scope, 1, 2, 3, 4, 5));
      resident.load("b", vector(scope, 10, 20, 30, 40, 50));
      for (String name : List.of("c", "d", "e")) {
        resident.load(name, vector(scope, 5, 6, 7, 8, 9));
      }
      Map<String, Tensor> y = executable.run(Map.of("x", vector(scope, X)), scope);
      assertThat(y.get("old").toFloats()).containsExactly(5, 6, 7, 8, 9);
      assertThat(y.get("new").toFloats()).containsExactly(6, 8, 10, 12, 14);
      assertThat(y.get("after").toFloats()).containsExactly(10, 12, 14, 16, 18);
      assertThat(resident.read("a", scope).toFloats()).containsExactly(10, 20, 30, 40, 50);
      assertThat(resident.read("b", scope).toFloats()).containsExactly(1, 2, 3, 4, 5);
      assertThat(resident.read("c", scope).toFloats()).containsExactly(6, 8, 10, 12, 14);
      assertThat(resident.read("d", scope).toFloats()).containsOnly(9);
      assertThat(resident.read("e", scope).toFloats()).containsExactly(X);
      executable.run(Map.of("x", vector(scope, X)), scope);
      assertThat(resident.read("a", scope).toFloats()).containsExactly(1, 2, 3, 4, 5);
      assertThat(resident.read("c", scope).toFloats()).containsExactly(16, 28, 40, 52, 64);
    }
  }

  @Test
  final void updatesMayBeViewsOfEachOther() {
    Spec matrix = Spec.f32(2, 3);
    Program p =
        Program.trace(
            t -> {
              Tensor w = t.state("w", matrix);
              t.state("flat", Spec.f32(6));
              t.state("transposed", Spec.f32(3, 2));
              t.state("row", Spec.f32(3));
              t.state("before", Spec.f32(6));
              Tensor sum = t.state("sum", Spec.f32(3, 2));
              Tensor next = w.mul(2).add(1);
              t.update("w", next);
              t.update("flat", next.reshape(6));
              t.update("transposed", next.t());
              t.update("row", next.slice(0, 1, 1).reshape(3));
              t.update("before", w.reshape(6));
              t.update("sum", sum.add(next.t()).add(w.t()));
            });
    try (TensorScope scope = scope();
        Resident resident = backend().newResident();
        Executable executable = backend().compile(p, resident)) {
      resident.missing().forEach(n -> resident.load(n, scope.zeros(p.spec(p.input(n).id()))));
      resident.load("w", scope.of(matrix, 1, 2, 3, 4, 5, 6));
      executable.run(Map.of(), scope);
      assertThat(resident.read("w", scope).toFloats()).containsExactly(3, 5, 7, 9, 11, 13);
      assertThat(resident.read("flat", scope).toFloats()).containsExactly(3, 5, 7, 9, 11, 13);
      assertThat(resident.read("transposed", scope).toFloats()).containsExactly(3, 9, 5, 11, 7, 13);
      assertThat(resident.read("row", scope).toFloats()).containsExactly(9, 11, 13);
      assertThat(resident.read("before", scope).toFloats()).containsExactly(1, 2, 3, 4, 5, 6);
      assertThat(resident.read("sum", scope).toFloats()).containsExactly(4, 13, 7, 16, 10, 19);
    }
  }

  @Test
  final void updatesMayReadAnUpdateThroughAView() {
    Spec matrix = Spec.f32(2, 3);
    Program p =
        Program.trace(
            t -> {
              Tensor w = t.state("w", matrix);
              t.state("flat", Spec.f32(6));
              t.state("transposed", Spec.f32(3, 2));
              Tensor sum = t.state("sum", Spec.f32(3, 2));
              // The order in which they are declared is not the order in which they are computed.
              Tensor next = w.mul(2).add(1);
              t.update("sum", sum.add(next.t()).mul(2));
              t.update("flat", next.reshape(6));
              t.update("transposed", next.t());
              t.update("w", next);
            });
    try (TensorScope scope = scope();
        Resident resident = backend().newResident();
        Executable executable = backend().compile(p, resident)) {
      resident.missing().forEach(n -> resident.load(n, scope.zeros(p.spec(p.input(n).id()))));
      resident.load("w", scope.of(matrix, 1, 2, 3, 4, 5, 6));
      executable.run(Map.of(), scope);
      executable.run(Map.of(), scope);
      assertThat(resident.read("w", scope).toFloats()).containsExactly(7, 11, 15, 19, 23, 27);
      assertThat(resident.read("flat", scope).toFloats()).containsExactly(7, 11, 15, 19, 23, 27);
      assertThat(resident.read("transposed", scope).toFloats())
          .containsExactly(7, 19, 11, 23, 15, 27);
      // (0 + n1) * 2, then plus n2 and doubled.
      assertThat(resident.read("sum", scope).toFloats()).containsExactly(26, 74, 42, 90, 58, 106);
    }
  }

  @Test
  final void aClosedGateLeavesTheStateUntouched() {
    Program p =
        Program.trace(
            t -> {
              Tensor next = t.state("s", VECTOR).add(t.input("x", VECTOR));
              t.update("s", next);
              t.update("n", t.state("n", Spec.f32()).add(1));
              // Only a finite number times 0 is 0.
              Tensor sum = next.sum();
              Tensor finite = sum.mul(0).eq(sum.fill(Shape.SCALAR, 0));
              t.commitWhen(finite);
              t.output("finite", finite);
              t.output("next", next);
            });
    try (TensorScope scope = scope();
        Resident resident = backend().newResident();
        Executable executable = backend().compile(p, resident)) {
      resident.load("s", vector(scope, 0, 0, 0, 0, 0));
      resident.load("n", vector(scope, 0).reshape(Shape.SCALAR));
      assertThat(executable.run(Map.of("x", vector(scope, X)), scope).get("finite").item())
          .isEqualTo(1);
      Tensor bad = vector(scope, 1, Float.NaN, 1, Float.POSITIVE_INFINITY, 1);
      Map<String, Tensor> y = executable.run(Map.of("x", bad), scope);
      assertThat(y.get("finite").item()).isZero();
      assertThat(y.get("next").toFloats()).contains(Float.NaN);
      assertThat(resident.read("s", scope).toFloats()).containsExactly(X);
      assertThat(resident.read("n", scope).item()).isEqualTo(1);
      executable.run(Map.of("x", vector(scope, X)), scope);
      assertThat(resident.read("s", scope).toFloats()).containsExactly(2, 4, 6, 8, 10);
      assertThat(resident.read("n", scope).item()).isEqualTo(2);
    }
  }

  // ---- outputs -----------------------------------------------------------------------------

  @Test
  final void outputsAreCopies() {
    Program p =
        Program.trace(
            t -> {
              Tensor x = t.input("x", VECTOR);
              Tensor y = x.mul(2);
              t.output("input", x);
              t.output("view", x.slice(0, 1, 3));
              t.output("param", t.param("w", VECTOR));
              t.output("y", y);
              t.output("again", y);
              t.output("stretched", y.slice(0, 0, 1).expand(VECTOR.shape()));
              t.output("state", t.state("s", VECTOR));
              t.update("s", y);
            });
    try (TensorScope scope = scope();
        Resident resident = backend().newResident();
        Executable executable = backend().compile(p, resident)) {
      resident.load("w", vector(scope, X));
      resident.load("s", vector(scope, X));
      Map<String, Tensor> first = executable.run(Map.of("x", vector(scope, X)), scope);
      resident.load("w", vector(scope, 0, 0, 0, 0, 0));
      Map<String, Tensor> second =
          executable.run(Map.of("x", vector(scope, -1, -1, -1, -1, -1)), scope);
      assertThat(first.keySet())
          .containsExactly("input", "view", "param", "y", "again", "stretched", "state");
      assertThat(first.get("input").toFloats()).containsExactly(X);
      assertThat(first.get("view").toFloats()).containsExactly(2, 3, 4);
      assertThat(first.get("param").toFloats()).containsExactly(X);
      assertThat(first.get("y").toFloats()).containsExactly(2, 4, 6, 8, 10);
      assertThat(first.get("again").toFloats()).containsExactly(2, 4, 6, 8, 10);
      assertThat(first.get("stretched").toFloats()).containsOnly(2);
      assertThat(first.get("state").toFloats()).containsExactly(X);
      assertThat(second.get("state").toFloats()).containsExactly(2, 4, 6, 8, 10);
    }
  }

  @Test
  final void valuesOfEveryRequiredTypePassThrough() {
    Program p =
        Program.trace(
            t -> {
              t.output("ids", t.input("ids", Spec.i64(2, 3)).permute(1, 0));
              t.output("mask", t.input("mask", new Spec(Shape.of(3), DType.BOOL)));
              Tensor none = t.apply(new Iota(Spec.i64(4), 0), List.of()).getFirst();
              t.output("iota", none);
            });
    try (TensorScope scope = scope()) {
      Tensor ids = scope.of(Shape.of(2, 3), Long.MIN_VALUE / 2, -1L, 0L, 1L, 1L << 40, 7L);
      Tensor mask = scope.of(new Spec(Shape.of(3), DType.BOOL), 1, 0, 1);
      Map<String, Tensor> y = run(p, Map.of("ids", ids, "mask", mask), scope);
      assertThat(y.get("ids").toLongs()[1]).isEqualTo(1);
      assertThat(y.get("ids").toLongs()[3]).isEqualTo(1L << 40);
      assertThat(y.get("mask").toLongs()).containsExactly(1, 0, 1);
      assertThat(y.get("iota").toLongs()).containsExactly(0, 1, 2, 3);
    }
  }

  // ---- runs --------------------------------------------------------------------------------

  /** A two-block network with weights used in calls, and its gradient. */
  private static Program network() {
    Program block =
        Program.trace(
            t -> {
              Tensor x = t.input("x", Spec.f32(2, 13, 24));
              Tensor qkv =
                  x.layerNorm(1e-6)
                      .linear(t.param("w", Spec.f32(72, 24)), t.param("b", Spec.f32(72)));
              List<Tensor> heads =
                  qkv.chunk(3, -1).stream()
                      .map(h -> h.reshape(2, 13, 4, 6).permute(0, 2, 1, 3))
                      .toList();
              Tensor a = heads.get(0).attention(heads.get(1), heads.get(2), 0.4);
              t.output("y", x.add(a.permute(0, 2, 1, 3).reshape(2, 13, 24).gelu()));
            });
    Program p =
        Program.trace(
            t -> {
              Tensor x = t.input("x", Spec.f32(2, 13, 24));
              for (int i = 0; i < 3; i++) {
                Tensor w = t.param("blocks." + i + ".w", Spec.f32(72, 24));
                Tensor b = t.param("blocks." + i + ".b", Spec.f32(72));
                x = Tensor.apply(new Call(block), x, w, b);
              }
              t.output("loss", x.square().mean());
              t.output("y", x);
            });
    return Autodiff.valueAndGrad(p, List.of("x", "blocks.0.w", "blocks.2.b"));
  }

  private static Map<String, double[]> values(Program p, long seed) {
    Random random = new Random(seed);
    Map<String, double[]> values = new HashMap<>();
    p.inputs()
        .forEach(
            i ->
                values.put(
                    i.name(),
                    random
                        .doubles(p.spec(i.id()).shape().numel(), -0.5, 0.5)
                        .map(v -> (float) v)
                        .toArray()));
    return values;
  }

  @Test
  final void callsMeanWhatTheyMeanInPlace() {
    Program p = network();
    Map<String, double[]> at = values(p, 4);
    Map<String, double[]> expected = ReferenceBackend.evaluate(p, at, precision());
    // Three blocks forward and back, each a few elementary operations of 1e-6; in bfloat16, each up
    // to 2^-8, since the last bit of a float32 may decide which of two neighbours a factor becomes.
    Tolerance bound =
        Tolerance.relToMax(
            switch (precision()) {
              case FP32 -> 1e-5;
              case BF16X3 -> 3 * 0x1p-16 + 1e-5;
              case BF16 -> 3 * 0x1p-8;
            });
    try (TensorScope scope = scope()) {
      for (Program q : List.of(p, Passes.inline(p))) {
        Map<String, Tensor> results = runWithStore(q, at, scope);
        expected.forEach((name, y) -> bound.assertClose(name, results.get(name), y));
      }
    }
  }

  private Map<String, Tensor> runWithStore(Program p, Map<String, double[]> at, TensorScope scope) {
    try (Resident resident = backend().newResident();
        Executable executable = backend().compile(p, resident)) {
      Map<String, Tensor> inputs = tensors(p, at, scope);
      resident.missing().forEach(name -> resident.load(name, inputs.get(name)));
      return executable.run(Map.of("x", inputs.get("x")), scope);
    }
  }

  @Test
  final void everyRunGivesTheSameBits() {
    Program p = network();
    Map<String, double[]> at = values(p, 5);
    try (TensorScope scope = scope()) {
      Map<String, Tensor> first = runWithStore(p, at, scope);
      Map<String, Tensor> second = runWithStore(p, at, scope);
      first.forEach((name, y) -> Tolerance.EXACT.assertClose(name, second.get(name), y));
    }
  }

  @Test
  final void runningAllocatesNothingButTheResults() {
    Program p = network();
    try (TensorScope scope = scope();
        Resident resident = backend().newResident();
        Executable executable = backend().compile(p, resident)) {
      Map<String, Tensor> inputs = tensors(p, values(p, 6), scope);
      resident.missing().forEach(name -> resident.load(name, inputs.get(name)));
      long before = backend().memory().liveBytes();
      for (int i = 0; i < 3; i++) {
        try (TensorScope results = scope()) {
          executable.run(Map.of("x", inputs.get("x")), results);
        }
        assertThat(backend().memory().liveBytes()).isEqualTo(before);
      }
    }
  }

  @Test
  final void buffersAreUsedAgain() {
    Spec spec = Spec.f32(1 << 16);
    Program chain =
        Program.trace(
            t -> {
              Tensor x = t.input("x", spec);
              Tensor y = x;
              for (int i = 0; i < 60; i++) {
                // Every third step reads the one before last, so that lives overlap.
                Tensor z = y.mul(0.5).add(x.slice(0, 0, 1));
                y = i % 3 == 0 ? z.sub(y) : z.abs();
              }
              t.output("y", y);
            });
    Map<String, double[]> at = Map.of("x", Draw.uniform(-1, 1).draw(1 << 16, new Random(7)));
    try (TensorScope scope = scope();
        Resident none = backend().newResident();
        Executable executable = backend().compile(chain, none)) {
      assertThat(executable.bytes()).isLessThanOrEqualTo(8 * spec.bytes());
      Tensor x = scope.of(spec, at.get("x"));
      Tensor y = executable.run(Map.of("x", x), scope).get("y");
      // 60 steps, each rounding a few times, contract by a half.
      new Tolerance(1e-6, 1e-6)
          .assertClose(
              "y", y, ReferenceBackend.evaluate(chain, Map.of("x", x.toDoubles())).get("y"));
    }
  }

  @Test
  final void idsOutsideTheTableFail() {
    Program p =
        Program.trace(
            t -> t.output("y", t.param("w", Spec.f32(7, 5)).gather(t.input("ids", Spec.i64(3)))));
    try (TensorScope scope = scope();
        Resident resident = backend().newResident();
        Executable executable = backend().compile(p, resident)) {
      resident.load("w", scope.zeros(Spec.f32(7, 5)));
      for (long bad : new long[] {7, -1, 1L << 40}) {
        Tensor ids = scope.of(Shape.of(3), 0L, bad, 1L);
        assertThatThrownBy(() -> executable.run(Map.of("ids", ids), scope))
            .isInstanceOf(RuntimeException.class)
            .hasMessageContaining(Long.toString(bad));
      }
    }
  }

  // ---- eager -------------------------------------------------------------------------------

  @Test
  final void gradientsOfFunctionsAreComputedAtOnce() {
    try (TensorScope scope = backend().openScope()) {
      Tensor a = vector(scope, X);
      Tensor b = vector(scope, 2, 2, 2, 2, 2);
      Autodiff.ValueAndGrad g =
          Autodiff.valueAndGrad(in -> in.get(0).mul(in.get(0)).mul(in.get(1)).sum(), a, b);
      assertThat(g.value().item()).isEqualTo(110);
      assertThat(g.gradients().get(0).toFloats()).containsExactly(4, 8, 12, 16, 20);
      assertThat(g.gradients().get(1).toFloats()).containsExactly(1, 4, 9, 16, 25);
    }
  }

  @Test
  final void eagerResultsBelongToTheScopeOfTheFirstOperand() {
    try (TensorScope outer = backend().openScope()) {
      Tensor kept;
      Tensor gone;
      try (TensorScope inner = outer.inner()) {
        Tensor x = vector(inner, X);
        gone = x.add(x);
        kept = outer.keep(gone);
      }
      assertThat(kept.toFloats()).containsExactly(2, 4, 6, 8, 10);
      assertThatThrownBy(gone::toFloats).isInstanceOf(IllegalStateException.class);
    }
  }
}
