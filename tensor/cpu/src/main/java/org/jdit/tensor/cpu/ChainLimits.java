package org.jdit.tensor.cpu;

import java.util.List;
import java.util.stream.Stream;
import org.jdit.tensor.DType;
import org.jdit.tensor.Spec;
import org.jdit.tensor.op.Binary;
import org.jdit.tensor.op.Cast;
import org.jdit.tensor.op.Clamp;
import org.jdit.tensor.op.Compare;
import org.jdit.tensor.op.Gelu;
import org.jdit.tensor.op.Op;
import org.jdit.tensor.op.Reduce;
import org.jdit.tensor.op.Scale;
import org.jdit.tensor.op.Shift;
import org.jdit.tensor.op.Silu;
import org.jdit.tensor.op.Unary;
import org.jdit.tensor.op.Where;
import org.jdit.tensor.program.Fusion;
import org.jdit.tensor.program.Program;

/** What the element-wise kernel computes: functions of values that registers hold as they are. */
final class ChainLimits implements Fusion.Kernel {
  /** So many operations' values stay in the second-level cache. */
  private static final int OPERATIONS = 32;

  @Override
  public boolean computes(Op op, List<Spec> in, Spec out) {
    boolean elementwise =
        switch (op) {
          case Unary _, Binary _, Scale _, Shift _, Clamp _, Compare _, Where _, Gelu _, Silu _ ->
              true;
          // A cast to BOOL is made by writing.
          case Cast(DType to) -> to == DType.F32;
          default -> false;
        };
    return elementwise
        && Stream.concat(in.stream(), Stream.of(out))
            .allMatch(s -> s.dtype() == DType.F32 || s.dtype() == DType.BOOL);
  }

  @Override
  public int operations() {
    return OPERATIONS;
  }

  @Override
  public boolean takes(Program chain) {
    return true;
  }

  @Override
  public boolean reduces(Op op) {
    return op instanceof Reduce;
  }
}
