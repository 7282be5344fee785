package org.jdit.dit.train;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jdit.dit.model.Recognition;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.io.TensorFile;
import org.jdit.tensor.memory.TensorScope;

/**
 * The weights of a training as if they lay in a file: a copy of the moment it was made.
 *
 * @param source what it is a copy of
 * @param metadata what names and shapes do not say
 * @param weights by name
 */
record VectorWeights(String source, Map<String, String> metadata, Map<String, Tensor> weights)
    implements TensorFile {
  /**
   * The weights or their average as they are now.
   *
   * @param vector {@link TrainStep#PARAMETERS} or {@link TrainStep#EMA}
   * @param scope owns the copy
   */
  static VectorWeights of(
      Trainer trainer, TrainSettings settings, String vector, TensorScope scope) {
    return new VectorWeights(
        "the " + vector + " of this training",
        Recognition.metadata(settings.config(), settings.space(), settings.predictXStart()),
        trainer.weights(vector, scope));
  }

  @Override
  public Map<String, Spec> tensors() {
    Map<String, Spec> specs = new LinkedHashMap<>();
    weights.forEach((name, w) -> specs.put(name, w.spec()));
    return specs;
  }

  @Override
  public Tensor map(String name, TensorScope scope) {
    return weights.get(name);
  }

  @Override
  public void close() {}
}
