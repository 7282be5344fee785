package org.jdit.nn;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.program.Program;
import org.jdit.tensor.program.Role;
import org.jdit.tensor.program.Trace;

/**
 * A scope of a model's weights: layers ask it for tensors by the names that torch's {@code
 * state_dict} gives them, so that a checkpoint's key is spelled where the layer is built.
 *
 * <pre>{@code
 * Weights block = weights.at("blocks").at(3);
 * Linear qkv = Linear.of(block.at("attn").at("qkv"), 384, 1152); // blocks.3.attn.qkv.weight, .bias
 * }</pre>
 */
public final class Weights {
  /** Where weights come from: parameters of a Program, or another tensor for each key. */
  @FunctionalInterface
  public interface Source {
    /** The tensor of that key; asking again gives the same one. */
    Tensor get(String key, Spec spec);
  }

  private final Source source;
  private final String prefix;

  private Weights(Source source, String prefix) {
    this.source = source;
    this.prefix = prefix;
  }

  /** The root scope of any source. */
  public static Weights of(Source source) {
    return new Weights(source, "");
  }

  /** The root scope of a Program being traced: each weight asked for becomes a PARAM input. */
  public static Weights params(Trace trace) {
    return of(trace::param);
  }

  /** The scope of a submodule. */
  public Weights at(String module) {
    return new Weights(source, prefix + module + ".");
  }

  /** The scope of an element of a module list. */
  public Weights at(int index) {
    return at(Integer.toString(index));
  }

  /** A float32 weight of this scope and its shape. */
  public Tensor get(String name, int... shape) {
    return source.get(prefix + name, Spec.f32(shape));
  }

  /**
   * Calls a repeated block with the weights of this scope.
   *
   * @param block its PARAM inputs are named relative to this scope
   * @param arguments a tensor for each of its INPUT inputs
   * @return the block's outputs by name
   */
  public Map<String, Tensor> call(Program block, Map<String, Tensor> arguments) {
    List<Tensor> results =
        block.call(
            i ->
                i.role() == Role.INPUT
                    ? arguments.get(i.name())
                    : source.get(prefix + i.name(), block.spec(i.id())));
    Map<String, Tensor> byName = new LinkedHashMap<>();
    for (int i = 0; i < results.size(); i++) {
      byName.put(block.outputs().get(i).name(), results.get(i));
    }
    return byName;
  }
}
