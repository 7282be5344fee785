package org.jdit.tensor.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.cpu.kernel.VectorWidth;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.program.Program;
import org.jdit.tensor.program.Role;
import org.jdit.tensor.spi.Backend;
import org.jdit.tensor.spi.BackendOptions;
import org.jdit.tensor.spi.DeviceInfo;
import org.jdit.tensor.spi.Executable;
import org.jdit.tensor.spi.Precision;
import org.jdit.tensor.spi.Resident;
import org.jdit.tensor.spi.TaskTime;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What goes wrong says so, and leaves state and memory as they were. */
class CpuRefusalTest {
  private static final Spec VECTOR = Spec.f32(5);

  private final CpuBackend backend = new CpuBackend(2);

  @AfterEach
  void close() {
    backend.close();
  }

  @Test
  void anIntegerDivisionByZeroLeavesEveryStateAsItIs() {
    Spec count = Spec.i64(3);
    Program p =
        Program.trace(
            t -> {
              t.update("w", t.state("w", VECTOR).mul(2).add(1));
              // A chain of another shape ends the one before, so that it runs before the division.
              t.update("v", t.state("v", Spec.f32(2)).mul(2).add(1));
              Tensor n = t.state("n", count);
              t.update("n", n.div(t.input("by", count)));
            });
    try (TensorScope scope = TensorScope.open(backend.memory());
        Resident resident = backend.newResident();
        Executable executable = backend.compile(p, resident)) {
      resident.load("w", scope.of(Shape.of(5), 1f, 2f, 3f, 4f, 5f));
      resident.load("n", scope.of(Shape.of(3), 10L, 20L, 30L));
      resident.load("v", scope.of(Shape.of(2), 1f, 2f));
      Tensor bad = scope.of(Shape.of(3), 2L, 0L, 3L);
      assertThatThrownBy(() -> executable.run(Map.of("by", bad), scope))
          .isInstanceOf(JditException.class)
          .hasMessageContaining("division by zero");
      assertThat(resident.read("w", scope).toFloats()).containsExactly(1, 2, 3, 4, 5);
      assertThat(resident.read("n", scope).toLongs()).containsExactly(10, 20, 30);
      executable.run(Map.of("by", scope.of(Shape.of(3), 2L, 5L, 3L)), scope);
      assertThat(resident.read("w", scope).toFloats()).containsExactly(3, 5, 7, 9, 11);
      assertThat(resident.read("n", scope).toLongs()).containsExactly(5, 4, 10);
    }
  }

  @Test
  void afterItsStoreIsClosedAnExecutableSaysThatNothingIsLoaded() {
    Program p = Program.trace(t -> t.output("y", t.param("w", VECTOR).mul(2)));
    try (TensorScope scope = TensorScope.open(backend.memory())) {
      Resident resident = backend.newResident();
      try (Executable executable = backend.compile(p, resident)) {
        resident.load("w", scope.zeros(VECTOR));
        resident.close();
        assertThatThrownBy(() -> executable.run(Map.of(), scope))
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("not loaded: [w]");
      }
    }
  }

  @Test
  void compilingWhatDoesNotFitMemoryFreesWhatItHadAllocated() {
    // The second input has 64 TiB.
    Program p =
        Program.trace(
            t -> {
              t.input("small", Spec.f32(1 << 18));
              t.input("huge", Spec.f32(1 << 22, 1 << 22));
            });
    try (Resident resident = backend.newResident()) {
      assertThatThrownBy(() -> backend.compile(p, resident)).isInstanceOf(OutOfMemoryError.class);
    }
    assertThat(backend.memory().peakBytes()).isGreaterThanOrEqualTo(1 << 20);
    assertThat(backend.memory().liveBytes()).isZero();
  }

  @Test
  void aStoreIsReadAndFilledInTurn() throws InterruptedException {
    Engine engine = Engine.open(1, false, Precision.FP32, Optional.empty());
    try (CpuResident resident = new CpuResident(engine);
        TensorScope scope = TensorScope.open(engine.memory())) {
      engine.inTurn(() -> resident.want("w", Role.PARAM, VECTOR));
      for (Runnable use :
          List.<Runnable>of(
              resident::missing,
              resident::bytes,
              () -> resident.load("w", scope.zeros(VECTOR)),
              () -> resident.read("w", scope),
              resident::close)) {
        Thread user = Thread.ofPlatform().unstarted(use);
        engine.turn().lock();
        try {
          user.start();
          while (!engine.turn().hasQueuedThread(user)) {
            assertThat(user.isAlive()).as("it waits").isTrue();
            Thread.onSpinWait();
          }
        } finally {
          engine.turn().unlock();
        }
        user.join();
      }
    } finally {
      engine.close();
    }
  }

  @Test
  void aVectorWidthThatCannotBeHadMakesTheBackendUnavailable() {
    CpuBackendProvider provider = new CpuBackendProvider();
    String before = System.getProperty(VectorWidth.PROPERTY);
    System.setProperty(VectorWidth.PROPERTY, "64");
    try {
      assertThat(provider.unavailable()).hasValueSatisfying(w -> assertThat(w).contains("bits=64"));
      assertThatThrownBy(() -> provider.open(BackendOptions.DEFAULT))
          .isInstanceOf(JditException.class)
          .hasMessageContaining("give 128, 256 or 512");
    } finally {
      Optional.ofNullable(before)
          .ifPresentOrElse(
              bits -> System.setProperty(VectorWidth.PROPERTY, bits),
              () -> System.clearProperty(VectorWidth.PROPERTY));
    }
    assertThat(provider.unavailable()).isEmpty();
    try (Backend cpu = provider.open(BackendOptions.DEFAULT)) {
      assertThat(cpu.name()).isEqualTo("cpu");
    }
  }

  @Test
  void itsDeviceCanBeChosen() {
    CpuBackendProvider provider = new CpuBackendProvider();
    DeviceInfo device = provider.devices().getFirst();
    assertThat(device.memoryBytes()).isPositive();
    try (Backend cpu = provider.open(new BackendOptions(device.id(), 1))) {
      assertThat(cpu.profile()).isEmpty();
    }
    assertThatThrownBy(() -> provider.open(new BackendOptions("0:0", 1)))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("no device 0:0");
  }

  @Test
  void aProfileCountsEachKernelByItsShapes() {
    Program p =
        Program.trace(
            t -> {
              Tensor x = t.input("x", Spec.f32(3, 5));
              t.output("y", x.matmul(x.t()).softmax());
            });
    try (Backend cpu =
            new CpuBackendProvider().open(new BackendOptions("", 1, true, Precision.FP32));
        Resident none = cpu.newResident();
        Executable e = cpu.compile(p, none);
        TensorScope scope = TensorScope.open(cpu.memory())) {
      Map<String, Tensor> x = Map.of("x", scope.zeros(Spec.f32(3, 5)));
      e.run(x, scope);
      e.run(x, scope);
      assertThat(cpu.profile().stream().map(TaskTime::task))
          .containsExactly("MatMul [3, 5] [5, 3] -> [3, 3]", "Softmax [3, 3] -> [3, 3]");
      assertThat(cpu.profile()).allMatch(t -> t.count() == 2 && t.nanos() > 0);
    }
  }
}
