package org.jdit.bench;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.program.Input;
import org.jdit.tensor.program.Program;
import org.jdit.tensor.program.Role;
import org.jdit.tensor.spi.Backend;
import org.jdit.tensor.spi.Executable;
import org.jdit.tensor.spi.Resident;

/** A workload compiled on a backend, with random weights and operands. */
public final class Loaded implements Contender {
  private final Backend backend;
  private final Resident resident;
  private final Executable executable;
  private final TensorScope scope;
  private final Map<String, Tensor> inputs = new HashMap<>();

  private Loaded(Backend backend, Resident resident, Program program) {
    this.backend = backend;
    this.resident = resident;
    executable = backend.compile(program, resident);
    scope = TensorScope.open(backend.memory());
  }

  /** Compiles and loads a workload; the backend stays the caller's to close. */
  public static Loaded on(Backend backend, Workload workload) {
    Program program = workload.program();
    Resident resident = backend.newResident();
    Loaded loaded;
    try {
      loaded = new Loaded(backend, resident, program);
    } catch (RuntimeException e) {
      resident.close();
      throw e;
    }
    program.inputs().forEach(input -> loaded.give(input, program.spec(input.id())));
    return loaded;
  }

  private void give(Input input, Spec spec) {
    if (input.role() == Role.INPUT) {
      inputs.put(input.name(), RandomNumbers.operand(spec, scope));
      return;
    }
    try (TensorScope passing = TensorScope.open(backend.memory())) {
      resident.load(
          input.name(),
          input.role() == Role.PARAM
              ? RandomNumbers.weight(spec, passing)
              : RandomNumbers.operand(spec, passing));
    }
  }

  /** Runs once, results and all. */
  public void run() {
    try (TensorScope results = TensorScope.open(backend.memory())) {
      executable.run(inputs, results);
    }
  }

  @Override
  public List<Double> seconds(int runs) {
    return Stopwatch.seconds(runs, this::run);
  }

  @Override
  public void close() {
    scope.close();
    executable.close();
    resident.close();
  }
}
