package org.jdit.tensor.cpu;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jdit.tensor.DType;
import org.jdit.tensor.Strided;
import org.jdit.tensor.cpu.kernel.AttentionGradientKernel;
import org.jdit.tensor.cpu.kernel.AttentionKernel;
import org.jdit.tensor.cpu.kernel.Constants;
import org.jdit.tensor.cpu.kernel.Elementwise;
import org.jdit.tensor.cpu.kernel.GroupNormStep;
import org.jdit.tensor.cpu.kernel.Indexed;
import org.jdit.tensor.cpu.kernel.LayerNormStep;
import org.jdit.tensor.cpu.kernel.Operand;
import org.jdit.tensor.cpu.kernel.Patches;
import org.jdit.tensor.cpu.kernel.Reduction;
import org.jdit.tensor.cpu.kernel.RmsNormStep;
import org.jdit.tensor.cpu.kernel.SoftmaxStep;
import org.jdit.tensor.cpu.kernel.Step;
import org.jdit.tensor.cpu.kernel.StridedCopy;
import org.jdit.tensor.cpu.kernel.WideElementwise;
import org.jdit.tensor.cpu.kernel.Workers;
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
import org.jdit.tensor.op.Op;
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

/** Binds the kernel of each node to its operands. */
final class Kernels {
  private final Engine engine;
  private final Workers workers;
  private final Buffers buffers;
  private final Products products;

  Kernels(Engine engine, Buffers buffers) {
    this.engine = engine;
    this.workers = engine.workers();
    this.buffers = buffers;
    this.products = new Products(engine, buffers);
  }

  /** The kernel of a node, ready to run. */
  Step bind(Node n) {
    Operand out = result(n, 0);
    if (n.out().stream().allMatch(id -> buffers.shape(id).numel() == 0)) {
      return () -> {};
    }
    return switch (n.op()) {
      case Linear op -> products.linear(op, n, out);
      case MatMul _ -> products.matmul(n, out);
      case Conv2d op -> products.conv2d(op, n, out);
      case Attention op -> {
        AttentionKernel kernel = new AttentionKernel(engine.scratch());
        Operand q = in(n, 0);
        Operand k = in(n, 1);
        Operand v = in(n, 2);
        Operand lse = result(n, 1);
        yield () -> kernel.run(q, k, v, op.scale(), out, lse);
      }
      case AttentionGradient op -> {
        AttentionGradientKernel kernel = new AttentionGradientKernel(engine.scratch());
        AttentionGradientKernel.Inputs in =
            new AttentionGradientKernel.Inputs(
                in(n, 0), in(n, 1), in(n, 2), in(n, 3), in(n, 4), in(n, 5), op.scale());
        Operand dk = result(n, 1);
        Operand dv = result(n, 2);
        yield () -> kernel.run(in, out, dk, dv);
      }
      case Unary _, Binary _, Scale _, Shift _, Clamp _ -> elementwise(n, out);
      case Compare _, Where _, Cast _, Gelu _, Silu _, GateResidual _ -> elementwise(n, out);
      case LayerNorm op ->
          layerNorm(
              n,
              op.eps(),
              Optional.of(new LayerNormStep.Statistics(result(n, 1), result(n, 2))),
              Optional.empty());
      case LayerNormModulate op ->
          layerNorm(
              n,
              op.eps(),
              Optional.empty(),
              Optional.of(new LayerNormStep.Modulation(in(n, 1), in(n, 2))));
      case GroupNorm op ->
          new GroupNormStep(workers, engine.registers(), op, in(n, 0), in(n, 1), in(n, 2), out);
      case RmsNorm op ->
          new RmsNormStep(workers, engine.registers(), in(n, 0), in(n, 1), op.eps(), out);
      case Softmax _ -> new SoftmaxStep(workers, engine.registers(), in(n, 0), out);
      case Reduce op -> Reduction.of(workers, engine.registers(), op, in(n, 0), out);
      case View _ -> new StridedCopy(workers, in(n, 0), out);
      case Concat op -> concat(op, n, out);
      case Pad op -> pad(op, n, out);
      case Fill op -> Constants.fill(op.value(), out);
      case Iota op -> Constants.iota(op.axis(), out);
      case Gather _ -> Indexed.gather(workers, in(n, 0), in(n, 1), out);
      case ScatterAdd _ -> Indexed.scatterAdd(workers, in(n, 0), in(n, 1), out);
      case Unfold op -> new Patches(workers, op, in(n, 0), out)::unfold;
      case Fold op -> new Patches(workers, op.unfold(), out, in(n, 0))::fold;
      case Call(Program chain) when chain.nodes().getLast().op() instanceof Reduce ->
          Reduction.chain(
              workers, buffers.arena(), engine.registers(), chain, operands(n.in()), out);
      case Call(Program chain) ->
          Elementwise.chain(
              workers,
              buffers.arena(),
              engine.registers(),
              chain,
              operands(n.in()),
              operands(n.out()));
    };
  }

  private Operand in(Node n, int index) {
    return buffers.operand(n.in().get(index));
  }

  private Operand result(Node n, int index) {
    return buffers.operand(n.out().get(index));
  }

  private List<Operand> operands(List<Integer> ids) {
    return ids.stream().map(buffers::operand).toList();
  }

  private Step elementwise(Node n, Operand out) {
    List<Operand> in = operands(n.in());
    return isWide(n.op(), in)
        ? new WideElementwise(workers, n.op(), in, out)
        : Elementwise.of(workers, buffers.arena(), engine.registers(), n.op(), in, out);
  }

  /** Whether float cannot hold the operands or what is computed from them. */
  private static boolean isWide(Op op, List<Operand> in) {
    DType type = in.getLast().dtype();
    boolean exact =
        switch (type) {
          case F32, F16, BF16 -> true;
          case BOOL, U8, I8, I16 -> !(op instanceof Binary);
          case F64, I64, I32 -> false;
        };
    return !exact;
  }

  private Step layerNorm(
      Node n,
      double eps,
      Optional<LayerNormStep.Statistics> statistics,
      Optional<LayerNormStep.Modulation> modulation) {
    return new LayerNormStep(
        workers, engine.registers(), in(n, 0), eps, result(n, 0), statistics, modulation);
  }

  private Step concat(Concat op, Node n, Operand out) {
    List<Step> copies = new ArrayList<>();
    int at = 0;
    for (int i = 0; i < n.in().size(); i++) {
      Operand part = in(n, i);
      int size = part.shape().dim(op.axis());
      // A part may have been computed in its place.
      if (!part.equals(out.with(out.layout().slice(op.axis(), at, size)))) {
        copies.add(copyInto(part, out, op.axis(), at));
      }
      at += size;
    }
    return () -> copies.forEach(Step::run);
  }

  private Step pad(Pad op, Node n, Operand out) {
    Step copy = copyInto(in(n, 0), out, op.axis(), op.before());
    return () -> {
      out.data().asSlice(out.byteOffset(), out.numel() * out.dtype().bytes()).fill((byte) 0);
      copy.run();
    };
  }

  private Step copyInto(Operand part, Operand whole, int axis, int start) {
    Strided range = whole.layout().slice(axis, start, part.shape().dim(axis));
    return new StridedCopy(workers, part, whole.with(range));
  }
}
