package org.jdit.dit.model;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.io.TensorFile;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.testkit.ReferenceData;

/**
 * Recorded tensors as a file of weights.
 *
 * @param source name of the reference data
 * @param data its tensors
 * @param metadata what else the file says
 */
public record ReferenceFile(String source, ReferenceData data, Map<String, String> metadata)
    implements TensorFile {
  /** Reference data without metadata. */
  public static ReferenceFile of(String name) {
    return new ReferenceFile(name, ReferenceData.resource(name), Map.of());
  }

  @Override
  public Map<String, Spec> tensors() {
    Map<String, Spec> tensors = new LinkedHashMap<>();
    data.keys().forEach(k -> tensors.put(k, data.spec(k)));
    return tensors;
  }

  @Override
  public Tensor map(String name, TensorScope scope) {
    return data.tensor(name, scope);
  }

  @Override
  public void close() {}
}
