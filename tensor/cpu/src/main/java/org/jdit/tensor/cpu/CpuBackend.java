package org.jdit.tensor.cpu;

import java.util.List;
import java.util.function.Supplier;
import org.jdit.tensor.DType;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.cpu.kernel.ConvWeights;
import org.jdit.tensor.cpu.kernel.Lanes;
import org.jdit.tensor.cpu.kernel.PackedMatrix;
import org.jdit.tensor.cpu.kernel.Scratch;
import org.jdit.tensor.cpu.machine.FloatCode;
import org.jdit.tensor.cpu.machine.Found;
import org.jdit.tensor.cpu.machine.MatrixUnit;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.op.Op;
import org.jdit.tensor.program.Commit;
import org.jdit.tensor.program.Fusion;
import org.jdit.tensor.program.Lowering;
import org.jdit.tensor.program.Passes;
import org.jdit.tensor.program.Program;
import org.jdit.tensor.spi.Backend;
import org.jdit.tensor.spi.Executable;
import org.jdit.tensor.spi.Precision;
import org.jdit.tensor.spi.Resident;
import org.jdit.tensor.spi.TaskTime;

/**
 * Runs Programs on the processor with the Vector API. Results are bit-identical from run to run and
 * for any number of threads. Executables of one backend may be used from several threads; they take
 * turns.
 */
public final class CpuBackend implements Backend {
  /** Name of this backend. */
  static final String NAME = "cpu";

  private final Engine engine;
  private final Found<MatrixUnit> unit;

  /** A backend with a fixed number of threads, at least 1, and no profile, in float32. */
  CpuBackend(int threads) {
    this(threads, false, Precision.FP32);
  }

  /** A backend with a fixed number of threads, at least 1. */
  CpuBackend(int threads, boolean profile, Precision precision) {
    this(threads, profile, precision, MatrixUnit::find);
  }

  /** As above, with the matrix unit of another machine. */
  CpuBackend(
      int threads, boolean profile, Precision precision, Supplier<Found<MatrixUnit>> machine) {
    this.unit = unit(precision, machine);
    engine = Engine.open(threads, profile, precision, unit.toOptional());
  }

  private static Found<MatrixUnit> unit(Precision precision, Supplier<Found<MatrixUnit>> machine) {
    if (precision == Precision.FP32) {
      return new Found.Absent<>("float32 has no use for one", false);
    }
    if (!Scratch.wideEnough()) {
      return new Found.Absent<>("vectors are shorter than 512 bits", false);
    }
    return switch (machine.get()) {
      case Found.Available<MatrixUnit>(MatrixUnit unit, String description)
          when precision == Precision.BF16X3 && !unit.splitsFast() ->
          new Found.Absent<>("three products on %s take longer".formatted(description), false);
      case Found<MatrixUnit> other -> other;
    };
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String description() {
    int threads = engine.workers().threads();
    String code = Lanes.COUNT == 16 ? code(FloatCode.find()) : "";
    String products =
        switch (engine.scratch().precision()) {
          case FP32 -> "";
          case BF16X3 -> products("two bf16", unit);
          case BF16 -> products("bf16", unit);
        };
    return "Vector API, %d-bit float vectors, %s%s%d thread%s"
        .formatted(8 * Lanes.BYTES, code, products, threads, threads == 1 ? "" : "s");
  }

  /** What the description says of machine code for float32. */
  static String code(Found<FloatCode> found) {
    return switch (found) {
      case Found.Available<FloatCode>(_, String description) -> description + ", ";
      case Found.Absent<FloatCode>(String reason, boolean broken) ->
          broken ? "(warning: %s), ".formatted(reason) : "";
    };
  }

  private static String products(String rounded, Found<MatrixUnit> found) {
    return switch (found) {
      case Found.Available<MatrixUnit>(_, String description) ->
          "products rounded to %s on %s, ".formatted(rounded, description);
      case Found.Absent<MatrixUnit>(String reason, boolean broken) ->
          broken
              ? "products rounded to %s (warning: %s), ".formatted(rounded, reason)
              : "products rounded to %s in software (%s), ".formatted(rounded, reason);
    };
  }

  @Override
  public boolean supports(Op op, List<Spec> in) {
    return Support.of(op, in);
  }

  @Override
  public Memory memory() {
    return engine.memory();
  }

  @Override
  public long weightBytes(Spec weight, DType loaded) {
    Shape s = weight.shape();
    return s.rank() == 2
        ? PackedMatrix.bytes(engine.scratch(), loaded, s.dim(1), s.dim(0))
        : ConvWeights.bytes(engine.scratch(), s);
  }

  @Override
  public Resident newResident() {
    return new CpuResident(engine);
  }

  @Override
  public Executable compile(Program program, Resident resident) {
    if (!(resident instanceof CpuResident store) || !store.engine().equals(engine)) {
      throw new IllegalArgumentException("the resident store is not of this backend");
    }
    Program flat = Passes.decompose(Passes.inline(program), Support::of);
    Support.check(flat);
    Program ordered = Commit.last(Passes.prune(Passes.dedupe(flat)));
    Lowering lowered = Lowering.of(Fusion.of(ordered, new ChainLimits()), new CpuLayouts());
    return engine.inTurn(() -> new CpuExecutable(engine, store, lowered));
  }

  @Override
  public List<TaskTime> profile() {
    return engine.inTurn(() -> engine.profile().map(Profile::times).orElse(List.of()));
  }

  @Override
  public void close() {
    engine.close();
  }
}
