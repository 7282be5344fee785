package org.jdit.dit.model;

import java.util.Map;
import org.jdit.nn.StateDict;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.io.TensorFile;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.program.Program;
import org.jdit.tensor.spi.Backend;
import org.jdit.tensor.spi.Executable;
import org.jdit.tensor.spi.Resident;
import org.jdit.tensor.testkit.ReferenceBackend;
import org.jdit.tensor.testkit.TestBackend;

/** What models are tested on: plain float32 arithmetic, and the engine that users get. */
public enum Engine {
  /** Shows that a bound admits honest float32 arithmetic, whatever the kernels do. */
  PLAIN {
    @Override
    public Backend open() {
      return ReferenceBackend.rounding();
    }
  },
  /** The CPU engine; in the build's run of the tests tagged "ladder" on a GPU engine, that one. */
  SHIPPED {
    @Override
    public Backend open() {
      return TestBackend.open();
    }
  };

  /** Opens the backend. */
  public abstract Backend open();

  /** Compiles a Program, loads its weights, which must be all of the file's, and runs it once. */
  public static Map<String, Tensor> run(
      Backend backend,
      Program program,
      TensorFile weights,
      Map<String, Tensor> inputs,
      TensorScope into) {
    return run(backend, program, StateDict.of(program), weights, inputs, into);
  }

  /** As above, for a Program that uses a part of a model's weights. */
  public static Map<String, Tensor> run(
      Backend backend,
      Program program,
      StateDict model,
      TensorFile weights,
      Map<String, Tensor> inputs,
      TensorScope into) {
    try (Resident resident = backend.newResident();
        Executable executable = backend.compile(program, resident)) {
      model.load(weights, resident, backend.memory());
      return executable.run(inputs, into);
    }
  }
}
