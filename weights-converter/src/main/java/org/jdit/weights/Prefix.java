package org.jdit.weights;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jdit.tensor.io.TensorFile;

/**
 * What stands before the names of a network's tensors when the network was saved inside another:
 * Lightning puts an attribute such as {@code model.} there, torch.compile {@code _orig_mod.},
 * distributed training {@code module.}.
 */
final class Prefix {
  private static final String DISTRIBUTED = "module.";
  private static final List<List<ModelKind>> WANTED =
      List.of(List.of(ModelKind.DIT_OFFICIAL, ModelKind.DIT_DIFFUSERS), List.of(ModelKind.VAE));

  private Prefix() {}

  /**
   * What stands before the names of the only DiT or, if there is no DiT, the only autoencoder; or
   * {@code module.} if that stands before all names. Empty if the names are bare, or several
   * networks could be meant.
   */
  static Optional<String> of(Set<String> names) {
    if (ModelKind.of(names, "") != ModelKind.UNKNOWN) {
      return Optional.empty();
    }
    for (List<ModelKind> kinds : WANTED) {
      List<String> prefixes = prefixes(names, kinds);
      if (!prefixes.isEmpty()) {
        return prefixes.size() == 1 ? Optional.of(prefixes.getFirst()) : Optional.empty();
      }
    }
    return !names.isEmpty() && names.stream().allMatch(n -> n.startsWith(DISTRIBUTED))
        ? Optional.of(DISTRIBUTED)
        : Optional.empty();
  }

  private static List<String> prefixes(Set<String> names, List<ModelKind> kinds) {
    List<String> telling = kinds.stream().map(ModelKind::first).toList();
    return names.stream()
        .flatMap(
            name ->
                telling.stream()
                    .filter(t -> name.endsWith("." + t))
                    .map(t -> name.substring(0, name.length() - t.length())))
        .filter(prefix -> kinds.contains(ModelKind.of(names, prefix)))
        .distinct()
        .toList();
  }

  /** The tensors whose names begin with {@code prefix}, without it. */
  static TensorFile strip(TensorFile file, String prefix) {
    DerivedTensors under = new DerivedTensors(file, file.metadata());
    file.tensors().keySet().stream()
        .filter(name -> name.startsWith(prefix))
        .forEach(name -> under.rename(name, name.substring(prefix.length())));
    return under;
  }
}
