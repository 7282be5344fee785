package org.jdit.dit.model;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jdit.tensor.DType;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.io.TensorFile;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.random.TorchGenerator;
import org.jdit.weights.PositionTable;

/**
 * The weights of a full-size network, drawn when they are asked for: weight number {@code i} of the
 * official order is {@code randn · std} from its own generator seeded {@code baseSeed + i}; the
 * position table is the official one. So gigabytes of weights need no file.
 *
 * @param config the network
 * @param baseSeed seed of weight 0
 * @param tensors their specs in the official order
 */
record RecipeWeights(DiTConfig config, long baseSeed, Map<String, Spec> tensors)
    implements TensorFile {
  private static final double TABLE_STD = 0.5;
  private static final double VECTOR_STD = 0.02;

  static RecipeWeights of(DiTConfig config, long baseSeed) {
    Map<String, Spec> tensors = new LinkedHashMap<>();
    DiT.stateDict(config).shapes().forEach((k, s) -> tensors.put(k, new Spec(s, DType.F32)));
    return new RecipeWeights(config, baseSeed, tensors);
  }

  @Override
  public String source() {
    return "weights drawn for " + config.name();
  }

  @Override
  public Map<String, String> metadata() {
    return Map.of();
  }

  @Override
  public Tensor map(String name, TensorScope scope) {
    Spec spec = tensors.get(name);
    if (name.equals("pos_embed")) {
      return scope.of(spec, PositionTable.sinCos2d(config.hiddenSize(), config.grid()));
    }
    List<String> order = new ArrayList<>(tensors.keySet());
    Tensor t = scope.zeros(spec);
    MemorySegment data = t.concrete().data();
    new TorchGenerator(baseSeed + order.indexOf(name)).fillNormal(data, 0, 1);
    float std = (float) std(name, spec.shape());
    for (long i = 0; i < spec.shape().numel(); i++) {
      data.setAtIndex(ValueLayout.JAVA_FLOAT, i, data.getAtIndex(ValueLayout.JAVA_FLOAT, i) * std);
    }
    return t;
  }

  private static double std(String name, Shape shape) {
    if (name.endsWith("embedding_table.weight")) {
      return TABLE_STD;
    }
    long fanIn = shape.numel() / shape.dim(0);
    return shape.rank() >= 2 ? 1 / Math.sqrt((double) fanIn) : VECTOR_STD;
  }

  @Override
  public void close() {}
}
