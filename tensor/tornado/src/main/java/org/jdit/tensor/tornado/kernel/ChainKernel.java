package org.jdit.tensor.tornado.kernel;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jdit.tensor.DType;
import org.jdit.tensor.Spec;
import org.jdit.tensor.op.Binary;
import org.jdit.tensor.op.Clamp;
import org.jdit.tensor.op.Gelu;
import org.jdit.tensor.op.Op;
import org.jdit.tensor.op.Scale;
import org.jdit.tensor.op.Shift;
import org.jdit.tensor.op.Silu;
import org.jdit.tensor.op.Unary;
import org.jdit.tensor.program.Fusion;
import org.jdit.tensor.program.Node;
import org.jdit.tensor.program.Program;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * Several element-wise operations in one task, one thread for each element: operands are read into
 * registers, operations go from register to register, results are written. What to do comes in
 * tables, so that all chains are the same code, which drivers that remember code compile once.
 * There is no contraction across operations: the numbers are those of {@link Elementwise}.
 */
public final class ChainKernel implements Fusion.Kernel {
  private static final int OPERANDS = 8;
  private static final int RESULTS = 4;
  private static final int OPERATIONS = 24;

  /** Where the table's results begin, two numbers for each: offset and register. */
  private static final int STORES = 3;

  /** Where its operations begin, three numbers for each: function and two registers. */
  private static final int CODE = STORES + 2 * RESULTS;

  /** The kernel, for {@link Fusion} to ask. */
  public ChainKernel() {}

  @Override
  public boolean computes(Op op, List<Spec> in, Spec out) {
    boolean elementwise =
        switch (op) {
          case Unary _, Gelu _, Silu _, Scale _, Shift _, Clamp _, Binary _ -> true;
          default -> false;
        };
    return elementwise && out.dtype() == DType.F32 && out.shape().numel() > 0;
  }

  @Override
  public int operations() {
    return OPERATIONS;
  }

  @Override
  public boolean takes(Program chain) {
    return chain.inputs().size() <= OPERANDS && chain.outputs().size() <= RESULTS;
  }

  @Override
  public boolean reduces(Op op) {
    return false;
  }

  /**
   * A Program of supported operations of one result shape.
   *
   * @param in its inputs, of any layout, which broadcast to the results' shape
   * @param out its outputs, contiguous, not empty
   */
  public static Launch of(Frame f, Program chain, List<Operand> in, List<Operand> out) {
    List<Operand> full = in.stream().map(x -> x.expand(out.getFirst().shape())).toList();
    IntArray walk = Walk.over(f, out.getFirst().shape(), full, 0);
    IntArray table = f.tables().of(table(chain, out));
    FloatArray constants = f.tables().of(constants(chain));
    FloatArray[] x =
        IntStream.range(0, OPERANDS)
            .mapToObj(i -> in.get(Math.min(i, in.size() - 1)).floats())
            .toArray(FloatArray[]::new);
    FloatArray[] y =
        IntStream.range(0, RESULTS)
            // TornadoVM does not end where a task writes to one array twice.
            .mapToObj(i -> i < out.size() ? out.get(i).floats() : f.tables().of(0f))
            .toArray(FloatArray[]::new);
    List<TornadoNativeArray> arrays = new ArrayList<>(List.of(f.iteration()));
    arrays.addAll(List.of(x));
    arrays.addAll(List.of(y));
    arrays.addAll(List.of(walk, table, constants));
    return new Launch(
        "chain",
        Frame.independent(out.getFirst().numel()),
        arrays,
        (graph, id) ->
            graph.task(
                id,
                ChainKernel::chain,
                f.context(),
                f.iteration(),
                x[0],
                x[1],
                x[2],
                x[3],
                x[4],
                x[5],
                x[6],
                x[7],
                y[0],
                y[1],
                y[2],
                y[3],
                walk,
                table,
                constants));
  }

  private static int[] table(Program chain, List<Operand> out) {
    int[] table = new int[CODE + 3 * chain.nodes().size()];
    table[0] = chain.inputs().size();
    table[1] = chain.nodes().size();
    table[2] = out.size();
    Map<Integer, Integer> registers = new HashMap<>();
    for (int i = 0; i < chain.inputs().size(); i++) {
      registers.put(chain.inputs().get(i).id(), i);
    }
    for (int k = 0; k < chain.nodes().size(); k++) {
      Node node = chain.nodes().get(k);
      table[CODE + 3 * k] = Elementwise.code(node.op());
      table[CODE + 3 * k + 1] = registers.get(node.in().getFirst());
      table[CODE + 3 * k + 2] = registers.get(node.in().getLast());
      registers.put(node.out().getFirst(), OPERANDS + k);
    }
    for (int i = 0; i < out.size(); i++) {
      table[STORES + 2 * i] = out.get(i).offset();
      table[STORES + 2 * i + 1] = registers.get(chain.outputs().get(i).id());
    }
    return table;
  }

  private static float[] constants(Program chain) {
    float[] constants = new float[2 * chain.nodes().size()];
    for (int k = 0; k < chain.nodes().size(); k++) {
      constants[2 * k] = Elementwise.first(chain.nodes().get(k).op());
      constants[2 * k + 1] = Elementwise.second(chain.nodes().get(k).op());
    }
    return constants;
  }

  static void chain(
      KernelContext context,
      IntArray iteration,
      FloatArray x0,
      FloatArray x1,
      FloatArray x2,
      FloatArray x3,
      FloatArray x4,
      FloatArray x5,
      FloatArray x6,
      FloatArray x7,
      FloatArray y0,
      FloatArray y1,
      FloatArray y2,
      FloatArray y3,
      IntArray walk,
      IntArray table,
      FloatArray constants) {
    int i = context.globalIdx;
    if (i < Walk.size(walk)) {
      int operands = table.get(0);
      float[] r = new float[OPERANDS + OPERATIONS];
      r[0] = x0.get(Walk.at(walk, iteration, 0, i));
      if (operands > 1) {
        r[1] = x1.get(Walk.at(walk, iteration, 1, i));
      }
      if (operands > 2) {
        r[2] = x2.get(Walk.at(walk, iteration, 2, i));
      }
      if (operands > 3) {
        r[3] = x3.get(Walk.at(walk, iteration, 3, i));
      }
      if (operands > 4) {
        r[4] = x4.get(Walk.at(walk, iteration, 4, i));
      }
      if (operands > 5) {
        r[5] = x5.get(Walk.at(walk, iteration, 5, i));
      }
      if (operands > 6) {
        r[6] = x6.get(Walk.at(walk, iteration, 6, i));
      }
      if (operands > 7) {
        r[7] = x7.get(Walk.at(walk, iteration, 7, i));
      }
      for (int k = 0; k < table.get(1); k++) {
        float a = r[table.get(CODE + 3 * k + 1)];
        float b = r[table.get(CODE + 3 * k + 2)];
        float p = constants.get(2 * k);
        float q = constants.get(2 * k + 1);
        r[OPERANDS + k] = Elementwise.apply(table.get(CODE + 3 * k), a, b, p, q);
      }
      y0.set(table.get(STORES) + i, r[table.get(STORES + 1)]);
      int results = table.get(2);
      if (results > 1) {
        y1.set(table.get(STORES + 2) + i, r[table.get(STORES + 3)]);
      }
      if (results > 2) {
        y2.set(table.get(STORES + 4) + i, r[table.get(STORES + 5)]);
      }
      if (results > 3) {
        y3.set(table.get(STORES + 6) + i, r[table.get(STORES + 7)]);
      }
    }
  }
}
