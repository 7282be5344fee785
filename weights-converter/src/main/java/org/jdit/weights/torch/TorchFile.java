package org.jdit.weights.torch;

import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jdit.tensor.JditException;
import org.jdit.tensor.io.Mappable;
import org.jdit.weights.pickle.PickleValue;
import org.jdit.weights.pickle.PickleValue.Dict;
import org.jdit.weights.pickle.PickleValue.Scalar;

/**
 * A file of {@code torch.save}: the zip layout (torch 1.6 and later) or the one before it, told
 * apart by content. Opening reads the pickle only; tensors are mapped one by one.
 */
public final class TorchFile implements AutoCloseable {
  /** How a file is laid out. */
  public enum Layout {
    ZIP,
    LEGACY
  }

  private static final int MOST_NESTED = 64;

  private final Layout layout;
  private final PickleValue root;
  private final Storages storages;
  private final Map<String, String> metadata;

  private TorchFile(
      Layout layout, PickleValue root, Storages storages, Map<String, String> metadata) {
    this.layout = layout;
    this.root = root;
    this.storages = storages;
    this.metadata = Collections.unmodifiableMap(metadata);
  }

  /**
   * Opens a file.
   *
   * @throws JditException if it is no torch file, damaged, or written on a big-endian machine
   */
  public static TorchFile open(Path path) {
    return open(Mappable.open(path));
  }

  /** As {@link #open(Path)} for bytes that are open already; they are closed with the result. */
  public static TorchFile open(Mappable file) {
    try {
      boolean zip = isZip(file);
      return zip ? ZipLayout.open(file) : LegacyLayout.open(file);
    } catch (RuntimeException e) {
      file.close();
      throw e;
    }
  }

  static TorchFile of(
      Layout layout, PickleValue root, Storages storages, Map<String, String> metadata) {
    return new TorchFile(layout, root, storages, metadata);
  }

  private static boolean isZip(Mappable file) {
    byte[] head = file.read(0, (int) Math.min(4, file.size()));
    return head.length == 4 && head[0] == 'P' && head[1] == 'K' && head[2] == 3 && head[3] == 4;
  }

  /** Which of the two layouts it has. */
  public Layout layout() {
    return layout;
  }

  /** How messages call the file. */
  public String source() {
    return storages.source();
  }

  /** What was saved, as data. */
  public PickleValue root() {
    return root;
  }

  /** What {@link TorchWriter} wrote beside the tensors; empty for files of torch itself. */
  public Map<String, String> metadata() {
    return metadata;
  }

  /** Whether any value of {@code dict} is a tensor under a string key. */
  public boolean hasTensors(Dict dict) {
    return dict.entries().stream()
        .anyMatch(
            e ->
                e.key() instanceof Scalar(String _)
                    && TensorRef.of(e.value(), source()).isPresent());
  }

  /**
   * The tensors that {@code dict}, found in {@link #root}, has under string keys. They can be
   * mapped while this file is open.
   *
   * @throws JditException if a tensor reaches beyond its storage or a storage beyond the file
   */
  public StateDict tensors(Dict dict) {
    StateDict tensors = new StateDict(storages);
    tensors.addAll("", dict);
    return tensors;
  }

  /**
   * The tensors among {@code values}, found in {@link #root}, under the names that they have there.
   *
   * @throws JditException as {@link #tensors(Dict)}
   */
  public StateDict tensors(Map<String, PickleValue> values) {
    StateDict tensors = new StateDict(storages);
    tensors.addAll(values);
    return tensors;
  }

  /**
   * A part of {@link #root}, as it could be saved again. Tensors in it are mapped when they are
   * due, while this file is open.
   *
   * @param name how messages call the part
   * @throws JditException if it contains anything but plain values of at most 64 bits, lists,
   *     tuples, dicts and tensors, or nests deeper or repeats more than any genuine file
   */
  public SavedValue value(String name, PickleValue part) {
    return new SavedReader(storages).read(name, part);
  }

  /**
   * All tensors in {@code dict} and the dicts inside it, each dict once; the keys on the way to a
   * tensor are joined by dots.
   *
   * @throws JditException as {@link #tensors(Dict)}, or if the dicts nest deeper or the names
   *     become longer than those of any model
   */
  public StateDict allTensors(Dict dict) {
    StateDict tensors = new StateDict(storages);
    Set<Dict> seen = new HashSet<>();
    Deque<Nested> open = new ArrayDeque<>();
    open.add(new Nested("", 0, dict));
    while (!open.isEmpty()) {
      Nested next = open.remove();
      if (seen.add(next.dict())) {
        tensors.addAll(next.prefix(), next.dict());
        for (Dict.Entry e : next.dict().entries()) {
          if (e.key() instanceof Scalar key && e.value() instanceof Dict inner) {
            if (next.depth() == MOST_NESTED) {
              throw new JditException(
                  "%s nests dicts more than %d deep, which no model does; the file may be damaged"
                      .formatted(source(), MOST_NESTED));
            }
            open.add(new Nested(tensors.join(next.prefix(), key + "."), next.depth() + 1, inner));
          }
        }
      }
    }
    return tensors;
  }

  /** A dict inside others, with the keys that lead to it. */
  private record Nested(String prefix, int depth, Dict dict) {}

  @Override
  public void close() {
    storages.close();
  }
}
