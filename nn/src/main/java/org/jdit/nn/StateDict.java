package org.jdit.nn;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jdit.tensor.DType;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.io.TensorFile;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.program.Program;
import org.jdit.tensor.program.Role;
import org.jdit.tensor.spi.Resident;

/**
 * The names and shapes of a model's weights, in the order in which the model declares them
 * (torch.nn.Module.state_dict).
 *
 * @param shapes shape of each weight by key
 */
public record StateDict(Map<String, Shape> shapes) {
  /** Copies the map, keeping its order. */
  public StateDict {
    shapes = Collections.unmodifiableMap(new LinkedHashMap<>(shapes));
  }

  /** The PARAM inputs of Programs, which together are the whole model. */
  public static StateDict of(Program... programs) {
    Map<String, Shape> shapes = new LinkedHashMap<>();
    for (Program p : programs) {
      p.inputs().stream()
          .filter(i -> i.role() == Role.PARAM)
          .forEach(i -> shapes.put(i.name(), p.spec(i.id()).shape()));
    }
    return new StateDict(shapes);
  }

  /** Number of parameters. */
  public long parameters() {
    return shapes.values().stream().mapToLong(Shape::numel).sum();
  }

  /**
   * Checks that a file has exactly these weights.
   *
   * @throws JditException naming every missing key, every unused key and every other shape
   */
  public void check(TensorFile file) {
    Map<String, Spec> found = file.tensors();
    List<String> missing = without(shapes.keySet(), found.keySet());
    List<String> unused = without(found.keySet(), shapes.keySet());
    List<String> wrong = new ArrayList<>();
    shapes.forEach(
        (key, shape) -> {
          Spec spec = found.get(key);
          if (spec != null && !spec.shape().equals(shape)) {
            wrong.add("%s is %s, the model has %s".formatted(key, spec.shape(), shape));
          } else if (spec != null && !spec.dtype().isFloating()) {
            wrong.add("%s is %s, weights are floating-point".formatted(key, spec));
          }
        });
    if (missing.isEmpty() && unused.isEmpty() && wrong.isEmpty()) {
      return;
    }
    StringBuilder message =
        new StringBuilder("%s does not fit the model:".formatted(file.source()));
    append(message, "missing from the file", missing);
    append(message, "not used by the model", unused);
    append(message, "different", wrong);
    throw new JditException(message.toString());
  }

  private static List<String> without(Set<String> these, Set<String> those) {
    return these.stream().filter(k -> !those.contains(k)).toList();
  }

  private static void append(StringBuilder message, String what, List<String> lines) {
    if (!lines.isEmpty()) {
      message.append("\n  ").append(what).append(" (").append(lines.size()).append("):");
      lines.forEach(l -> message.append("\n    ").append(l));
    }
  }

  /**
   * Loads those weights that executables are still missing, as float32 numbers: in the type of the
   * file if float32 holds it, else converted. Each is mapped, copied and unmapped before the next,
   * so that no more than one is in memory twice.
   *
   * @param resident the store, after everything has been compiled against it
   * @param memory for the conversion of other element types
   * @return the keys of weights that hold NaN or infinity
   * @throws JditException if the file does not fit, see {@link #check}
   */
  public List<String> load(TensorFile file, Resident resident, Memory memory) {
    check(file);
    Set<String> wanted = Set.copyOf(resident.missing());
    List<String> notFinite = new ArrayList<>();
    for (String key : shapes.keySet()) {
      if (wanted.contains(key)) {
        try (TensorScope scope = TensorScope.open(memory)) {
          Tensor stored = file.map(key, scope);
          boolean held = new Spec(stored.shape(), DType.F32).holds(stored.spec());
          Tensor weight = held ? stored : scope.copy(stored, DType.F32);
          if (!Finite.all(weight)) {
            notFinite.add(key);
          }
          resident.load(key, weight);
        }
      }
    }
    return notFinite;
  }
}
