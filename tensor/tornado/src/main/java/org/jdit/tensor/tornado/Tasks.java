package org.jdit.tensor.tornado;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import org.jdit.tensor.Strided;
import org.jdit.tensor.op.Attention;
import org.jdit.tensor.op.AttentionGradient;
import org.jdit.tensor.op.Binary;
import org.jdit.tensor.op.Call;
import org.jdit.tensor.op.Cast;
import org.jdit.tensor.op.Clamp;
import org.jdit.tensor.op.Compare;
import org.jdit.tensor.op.Concat;
import org.jdit.tensor.op.Conv2d;
import org.jdit.tensor.op.Fill;
import org.jdit.tensor.op.Fold;
import org.jdit.tensor.op.GateResidual;
import org.jdit.tensor.op.Gather;
import org.jdit.tensor.op.Gelu;
import org.jdit.tensor.op.GroupNorm;
import org.jdit.tensor.op.Iota;
import org.jdit.tensor.op.LayerNorm;
import org.jdit.tensor.op.LayerNormModulate;
import org.jdit.tensor.op.Linear;
import org.jdit.tensor.op.MatMul;
import org.jdit.tensor.op.Pad;
import org.jdit.tensor.op.Reduce;
import org.jdit.tensor.op.RmsNorm;
import org.jdit.tensor.op.Scale;
import org.jdit.tensor.op.ScatterAdd;
import org.jdit.tensor.op.Shift;
import org.jdit.tensor.op.Silu;
import org.jdit.tensor.op.Softmax;
import org.jdit.tensor.op.Unary;
import org.jdit.tensor.op.Unfold;
import org.jdit.tensor.op.View;
import org.jdit.tensor.op.Where;
import org.jdit.tensor.program.Node;
import org.jdit.tensor.program.Program;
import org.jdit.tensor.tornado.kernel.AttentionKernel;
import org.jdit.tensor.tornado.kernel.ChainKernel;
import org.jdit.tensor.tornado.kernel.ConstantKernel;
import org.jdit.tensor.tornado.kernel.ConvKernel;
import org.jdit.tensor.tornado.kernel.CopyKernel;
import org.jdit.tensor.tornado.kernel.Elementwise;
import org.jdit.tensor.tornado.kernel.Frame;
import org.jdit.tensor.tornado.kernel.GemmKernel;
import org.jdit.tensor.tornado.kernel.GroupNormKernel;
import org.jdit.tensor.tornado.kernel.Launch;
import org.jdit.tensor.tornado.kernel.LayerNormKernel;
import org.jdit.tensor.tornado.kernel.Operand;
import org.jdit.tensor.tornado.kernel.PatchKernel;
import org.jdit.tensor.tornado.kernel.ReduceKernel;
import org.jdit.tensor.tornado.kernel.SoftmaxKernel;
import org.jdit.tensor.tornado.kernel.TableKernel;

/**
 * Binds the kernels of each node to its operands.
 *
 * @param frame what the kernels share
 * @param operands where each value lies
 */
record Tasks(Frame frame, IntFunction<Operand> operands) {
  /** The kernels of a node, in the order in which they run. */
  List<Launch> of(Node n) {
    List<Operand> in = n.in().stream().map(operands::apply).toList();
    List<Operand> results = n.out().stream().map(operands::apply).toList();
    Operand out = results.getFirst();
    if (out.numel() == 0) {
      return List.of();
    }
    return switch (n.op()) {
      case Concat op -> concat(op, in, out);
      case Pad op -> pad(op, in.getFirst(), out);
      case Linear op -> List.of(GemmKernel.linear(frame, op, in.get(0), in.get(1), in.get(2), out));
      case MatMul _ -> List.of(GemmKernel.matmul(frame, in.get(0), in.get(1), out));
      case Conv2d op -> List.of(ConvKernel.of(frame, op, in.get(0), in.get(1), in.get(2), out));
      case Attention op ->
          List.of(
              AttentionKernel.of(frame, op, in.get(0), in.get(1), in.get(2), out, results.get(1)));
      case AttentionGradient _, RmsNorm _ ->
          throw new IllegalStateException(
              n.op().name() + " is left after recipes were put in place");
      case Unary _, Binary _, Scale _, Shift _, Clamp _, Compare _, Where _ ->
          elementwise(n, in, out);
      case Cast _, Gelu _, Silu _, GateResidual _ -> elementwise(n, in, out);
      case LayerNorm op ->
          List.of(
              LayerNormKernel.of(frame, op, in.getFirst(), out, results.get(1), results.get(2)));
      case LayerNormModulate op ->
          List.of(LayerNormKernel.modulate(frame, op, in.get(0), in.get(1), in.get(2), out));
      case GroupNorm op ->
          List.of(GroupNormKernel.of(frame, op, in.get(0), in.get(1), in.get(2), out));
      case Softmax _ -> List.of(SoftmaxKernel.of(frame, in.getFirst(), out));
      case Reduce op -> List.of(ReduceKernel.of(frame, op, in.getFirst(), out));
      case View _ -> List.of(CopyKernel.of(frame, in.getFirst(), out));
      case Fill op -> List.of(ConstantKernel.fill(frame, op.value(), out));
      case Iota op -> List.of(ConstantKernel.iota(frame, op.axis(), out));
      case Gather _ -> List.of(TableKernel.gather(frame, in.get(0), in.get(1), out));
      case ScatterAdd _ -> List.of(TableKernel.scatterAdd(frame, in.get(0), in.get(1), out));
      case Unfold op -> List.of(PatchKernel.unfold(frame, op, in.getFirst(), out));
      case Fold op -> List.of(PatchKernel.fold(frame, op, in.getFirst(), out));
      case Call(Program chain) -> List.of(ChainKernel.of(frame, chain, in, results));
    };
  }

  private List<Launch> elementwise(Node n, List<Operand> in, Operand out) {
    return List.of(Elementwise.of(frame, n.op(), in, out));
  }

  private List<Launch> concat(Concat op, List<Operand> in, Operand out) {
    List<Launch> copies = new ArrayList<>();
    int at = 0;
    for (Operand part : in) {
      int size = part.shape().dim(op.axis());
      if (part.numel() > 0) {
        copies.add(copyInto(part, out, op.axis(), at));
      }
      at += size;
    }
    return copies;
  }

  private List<Launch> pad(Pad op, Operand x, Operand out) {
    List<Launch> launches = new ArrayList<>(List.of(ConstantKernel.fill(frame, 0, out)));
    if (x.numel() > 0) {
      launches.add(copyInto(x, out, op.axis(), op.before()));
    }
    return launches;
  }

  private Launch copyInto(Operand part, Operand whole, int axis, int start) {
    Strided range = whole.layout().slice(axis, start, part.shape().dim(axis));
    return CopyKernel.of(frame, part, whole.with(range));
  }
}
