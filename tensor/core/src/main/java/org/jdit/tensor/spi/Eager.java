package org.jdit.tensor.spi;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.op.Op;
import org.jdit.tensor.program.Program;

/** Eager mode: an operation is a Program of one node, compiled, run and dropped. */
record Eager(Backend backend) implements TensorScope.Evaluator {
  @Override
  public List<Tensor> run(Op op, List<Tensor> in, TensorScope scope) {
    Map<String, Tensor> inputs = new HashMap<>();
    Program p =
        Program.trace(
            t -> {
              Tensor[] operands = new Tensor[in.size()];
              for (int i = 0; i < operands.length; i++) {
                operands[i] = t.input("x" + i, in.get(i).spec());
                inputs.put("x" + i, in.get(i));
              }
              List<Tensor> results = t.apply(op, List.of(operands));
              for (int i = 0; i < results.size(); i++) {
                t.output("y" + i, results.get(i));
              }
            });
    try (Resident none = backend.newResident();
        Executable executable = backend.compile(p, none)) {
      return List.copyOf(executable.run(inputs, scope).values());
    }
  }
}
