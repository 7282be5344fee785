package org.jdit.tensor.cpu;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.cpu.kernel.Lanes;
import org.jdit.tensor.cpu.machine.FloatCode;
import org.jdit.tensor.cpu.machine.Found;
import org.jdit.tensor.cpu.machine.MatrixUnit;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.program.Program;
import org.jdit.tensor.spi.Executable;
import org.jdit.tensor.spi.Finding;
import org.jdit.tensor.spi.Resident;

/**
 * Whether the kernels run as vector code here. Where Java does not compile them so, they still give
 * the right results, fifty times slower; only a measurement tells.
 */
public final class VectorCheck {
  /** Rows, terms and columns of the matrix product that is timed. */
  private static final int SIZE = 256;

  /** What vector code of any width exceeds, and boxed or interpreted code does not reach. */
  private static final double LEAST_GIGAFLOPS = 8;

  /** As {@link #LEAST_GIGAFLOPS}, for error functions. */
  private static final double MOST_NANOSECONDS = 4;

  /** How long to measure, and how long to wait for Java to compile the kernels. */
  private static final long ENOUGH = 2_500_000_000L;

  private static final long PATIENCE = 6_000_000_000L;

  private static final String ADVICE =
      "run a Java 25 with its C2 compiler (no -Xint, no -XX:TieredStopAtLevel) on a processor with"
          + " vectors of 128 bits or more";

  private VectorCheck() {}

  /** Looks at the processor, and times a matrix product and error functions on one thread. */
  public static List<Finding> run() {
    List<Finding> found = new ArrayList<>();
    found.add(Finding.good("float vectors", 8 * Lanes.BYTES + " bits"));
    found.add(machineCode("float32 code", FloatCode.find()));
    found.add(machineCode("bfloat16 code", MatrixUnit.find()));
    double operations = 2.0 * SIZE * SIZE * SIZE;
    double gigaflops = operations / nanoseconds(product(), operations / LEAST_GIGAFLOPS);
    String product = "%.0f GFLOP/s on one thread".formatted(gigaflops);
    found.add(found("matrix product", product, gigaflops >= LEAST_GIGAFLOPS));
    double count = (double) SIZE * SIZE;
    double each = nanoseconds(errorFunctions(), count * MOST_NANOSECONDS) / count;
    String errorFunctions = "%.2f ns each on one thread".formatted(each);
    found.add(found("error functions", errorFunctions, each <= MOST_NANOSECONDS));
    return found;
  }

  /** Whether there is machine code; bad only if it is there and wrong. */
  private static Finding machineCode(String what, Found<?> found) {
    return switch (found) {
      case Found.Available<?>(_, String description) -> Finding.good(what, description);
      case Found.Absent<?>(String reason, boolean broken) ->
          broken
              ? Finding.bad(what, reason, "the Vector API does its work; report the processor")
              : Finding.good(what, "Vector API: " + reason);
    };
  }

  private static Finding found(String what, String value, boolean good) {
    return good ? Finding.good(what, value) : Finding.bad(what, value, ADVICE);
  }

  private static Program product() {
    Spec square = Spec.f32(SIZE, SIZE);
    return Program.trace(
        t -> t.output("y", t.state("x", square).matmul(t.param("w", square)).slice(0, 0, 1)));
  }

  /** For which there is no machine code, so that it tells whether C2 compiles the rest. */
  private static Program errorFunctions() {
    return Program.trace(
        t -> t.output("y", t.state("x", Spec.f32(SIZE, SIZE)).erf().slice(0, 0, 1)));
  }

  /** The shortest of many runs; more of them as long as they all take more than {@code most}. */
  private static double nanoseconds(Program p, double most) {
    try (CpuBackend backend = new CpuBackend(1);
        TensorScope scope = TensorScope.open(backend.memory());
        Resident resident = backend.newResident();
        Executable executable = backend.compile(p, resident)) {
      Tensor zeros = scope.zeros(Spec.f32(SIZE, SIZE));
      resident.missing().forEach(name -> resident.load(name, zeros));
      long shortest = Long.MAX_VALUE;
      long begin = System.nanoTime();
      for (long now = begin;
          now - begin < (shortest > most ? PATIENCE : ENOUGH);
          now = System.nanoTime()) {
        try (TensorScope results = TensorScope.open(backend.memory())) {
          long start = System.nanoTime();
          executable.run(Map.of(), results);
          shortest = Math.min(shortest, System.nanoTime() - start);
        }
      }
      return shortest;
    }
  }
}
