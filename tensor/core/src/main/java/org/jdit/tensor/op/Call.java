package org.jdit.tensor.op;

import java.util.List;
import org.jdit.tensor.Spec;
import org.jdit.tensor.program.Program;
import org.jdit.tensor.program.Role;

/**
 * A Program used as one operation, such as a repeated block: operands are its inputs in their
 * order, results its outputs.
 *
 * @param program what is called; it has no state, and so neither updates nor a gate
 */
public record Call(Program program) implements Op {
  /** Checks that the Program has no state. */
  public Call {
    boolean state = program.inputs().stream().anyMatch(i -> i.role() == Role.STATE);
    if (state || program.gate().isPresent()) {
      throw new IllegalArgumentException("a called Program can have no state and no gate");
    }
  }

  @Override
  public List<Spec> infer(List<Spec> in) {
    List<Spec> expected = program.inputs().stream().map(i -> program.spec(i.id())).toList();
    Check.that(in.equals(expected), this, in, "the Program takes " + expected);
    return program.outputs().stream().map(o -> program.spec(o.id())).toList();
  }
}
