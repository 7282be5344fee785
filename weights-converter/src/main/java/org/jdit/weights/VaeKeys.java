package org.jdit.weights;

import java.util.List;
import java.util.Map;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.io.TensorFile;

/**
 * The names of the attention in the autoencoder: diffusers called its projections query, key, value
 * and proj_attn at first, and files made from the original Stable Diffusion keep them as 1×1
 * convolutions.
 */
public final class VaeKeys {
  private static final Map<String, String> RENAMED =
      Map.of("query", "to_q", "key", "to_k", "value", "to_v", "proj_attn", "to_out.0");
  private static final List<String> PROJECTIONS = List.of("to_q", "to_k", "to_v", "to_out.0");

  private VaeKeys() {}

  /**
   * The same weights with the attention named to_q, to_k, to_v and to_out.0, its weights {@code [C,
   * C]}; other tensors as they are.
   */
  public static TensorFile modern(TensorFile file) {
    DerivedTensors to = new DerivedTensors(file, file.metadata());
    for (Map.Entry<String, Spec> e : file.tensors().entrySet()) {
      String name = modern(e.getKey());
      Shape shape = e.getValue().shape();
      if (isProjection(name) && shape.rank() == 4 && shape.dim(2) == 1 && shape.dim(3) == 1) {
        Shape matrix = shape.sub(0, 2);
        to.add(
            name, e.getValue().with(matrix), scope -> file.map(e.getKey(), scope).reshape(matrix));
      } else {
        to.rename(e.getKey(), name);
      }
    }
    return to;
  }

  private static String modern(String name) {
    int part = name.lastIndexOf('.');
    int layer = name.lastIndexOf('.', part - 1);
    if (layer < 0 || !name.contains(".attentions.")) {
      return name;
    }
    String renamed = RENAMED.get(name.substring(layer + 1, part));
    return renamed == null ? name : name.substring(0, layer + 1) + renamed + name.substring(part);
  }

  private static boolean isProjection(String name) {
    return name.contains(".attentions.")
        && PROJECTIONS.stream().anyMatch(p -> name.endsWith("." + p + ".weight"));
  }
}
