package org.jdit.weights;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jdit.tensor.DType;
import org.jdit.tensor.Elements;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.io.TensorFile;
import org.jdit.tensor.memory.TensorScope;

/**
 * The two names of every weight of a DiT: those of the official code and those of diffusers'
 * DiTTransformer2DModel. They hold the same numbers, but for three things. Diffusers splits the
 * query, key and value projections; it has a copy of the timestep and label embedders in every
 * block; and it recomputes the position table, which the official state dict contains.
 */
public final class DitKeys {
  /** The names of the tensors that show the dimensions of a DiT in one of the layouts. */
  record Names(String patches, String labels, String out, String blocks, String mlpIn) {
    String block(int i) {
      return blocks + "." + i + ".";
    }
  }

  /** Key of the metadata that says whose arithmetic the weights were trained with. */
  static final String NUMERICS = "numerics";

  static final String POSITIONS = "pos_embed";

  static final Names OFFICIAL =
      new Names(
          "x_embedder.proj.weight",
          "y_embedder.embedding_table.weight",
          "final_layer.linear.weight",
          "blocks",
          "mlp.fc1.weight");

  static final Names DIFFUSERS =
      new Names(
          "pos_embed.proj.weight",
          "transformer_blocks.0.norm1.emb.class_embedder.embedding_table.weight",
          "proj_out_2.weight",
          "transformer_blocks",
          "ff.net.0.proj.weight");

  // A width and an image size that do not belong together must not take all the memory.
  private static final int LARGEST_TABLE = 1 << 28;

  private static final List<String> PARTS = List.of("weight", "bias");
  private static final List<String> QKV = List.of("to_q", "to_k", "to_v");

  private record Pair(String official, String diffusers) {
    Stream<Pair> parts() {
      return PARTS.stream().map(p -> new Pair(official + "." + p, diffusers + "." + p));
    }
  }

  private static final Pair PATCHES = new Pair("x_embedder.proj", "pos_embed.proj");
  private static final List<Pair> EMBEDDERS =
      Stream.concat(
              Stream.of(
                      new Pair("t_embedder.mlp.0", "norm1.emb.timestep_embedder.linear_1"),
                      new Pair("t_embedder.mlp.2", "norm1.emb.timestep_embedder.linear_2"))
                  .flatMap(Pair::parts),
              Stream.of(
                  new Pair(
                      "y_embedder.embedding_table.weight",
                      "norm1.emb.class_embedder.embedding_table.weight")))
          .toList();
  private static final String QKV_OFFICIAL = "attn.qkv.";
  private static final String QKV_DIFFUSERS = "attn1.";
  // In the order of the official state dict; the query, key and value come before them.
  private static final List<Pair> BLOCK =
      List.of(
          new Pair("attn.proj", "attn1.to_out.0"),
          new Pair("mlp.fc1", "ff.net.0.proj"),
          new Pair("mlp.fc2", "ff.net.2"),
          new Pair("adaLN_modulation.1", "norm1.linear"));
  private static final List<Pair> FINAL =
      List.of(
          new Pair("final_layer.linear", "proj_out_2"),
          new Pair("final_layer.adaLN_modulation.1", "proj_out_1"));

  private DitKeys() {}

  /**
   * A DiT of either layout under the official names, in the order of the official state dict.
   * Tensors are joined when they are mapped; a position table that the file lacks is computed.
   * Metadata {@code num_heads} and {@code num_classes} tell what diffusers' config.json said, and
   * {@code numerics} is {@code diffusers} for weights in that layout which do not say otherwise.
   *
   * @throws JditException if the file holds no DiT, or tensors are missing, unknown or misshapen.
   *     Mapping an embedder throws it if its copies in the blocks differ
   */
  public static TensorFile official(TensorFile file) {
    DitDimensions d = DitDimensions.of(file);
    return ModelKind.of(file) == ModelKind.DIT_OFFICIAL ? file : toOfficial(file, d);
  }

  /**
   * A DiT of either layout under the names of diffusers. Coming from the official layout it has no
   * position table.
   *
   * @throws JditException if the file holds no DiT, or tensors are missing, unknown or misshapen
   */
  public static TensorFile diffusers(TensorFile file) {
    DitDimensions d = DitDimensions.of(file);
    return ModelKind.of(file) == ModelKind.DIT_DIFFUSERS ? file : toDiffusers(file, d);
  }

  /** Whether a tensor of the official layout is the weight of a linear layer. */
  static boolean isMatrix(String name, Spec spec) {
    return spec.shape().rank() == 2
        && spec.dtype().isFloating()
        && name.endsWith(".weight")
        && !name.equals(OFFICIAL.labels());
  }

  private static TensorFile toDiffusers(TensorFile file, DitDimensions d) {
    Set<String> used = new LinkedHashSet<>(List.of(POSITIONS));
    DerivedTensors to = new DerivedTensors(file, file.metadata());
    Stream.concat(Stream.of(PATCHES), FINAL.stream())
        .flatMap(Pair::parts)
        .forEach(p -> rename(file, to, used, p.official(), p.diffusers()));
    for (int i = 0; i < d.depth(); i++) {
      String from = OFFICIAL.block(i);
      String block = DIFFUSERS.block(i);
      EMBEDDERS.forEach(p -> rename(file, to, used, p.official(), block + p.diffusers()));
      BLOCK.stream()
          .flatMap(Pair::parts)
          .forEach(p -> rename(file, to, used, from + p.official(), block + p.diffusers()));
      for (String part : PARTS) {
        split(file, to, used, from + QKV_OFFICIAL + part, block + QKV_DIFFUSERS, part);
      }
    }
    checkAllUsed(file, used);
    return to;
  }

  private static void split(
      TensorFile file, DerivedTensors to, Set<String> used, String from, String attn, String part) {
    Spec joint = spec(file, used, from);
    int rows = joint.shape().rank() == 0 ? 0 : joint.shape().dim(0);
    if (rows == 0 || rows % 3 != 0) {
      throw new JditException(
          "%s: %s of shape %s does not split into query, key and value"
              .formatted(file.source(), from, joint.shape()));
    }
    for (int i = 0; i < QKV.size(); i++) {
      int start = i * (rows / 3);
      to.add(
          attn + QKV.get(i) + "." + part,
          joint.with(joint.shape().with(0, rows / 3)),
          scope -> file.map(from, scope).slice(0, start, rows / 3));
    }
  }

  private static TensorFile toOfficial(TensorFile file, DitDimensions d) {
    Set<String> used = new LinkedHashSet<>();
    DerivedTensors to = new DerivedTensors(file, officialMetadata(file));
    addPositions(file, to, used, d);
    PATCHES.parts().forEach(p -> rename(file, to, used, p.diffusers(), p.official()));
    for (Pair p : EMBEDDERS) {
      List<String> copies = new ArrayList<>();
      for (int i = 0; i < d.depth(); i++) {
        copies.add(DIFFUSERS.block(i) + p.diffusers());
        spec(file, used, copies.getLast());
      }
      Spec spec = file.tensors().get(copies.getFirst());
      to.add(p.official(), spec, scope -> onlyOne(file, copies, scope));
    }
    for (int i = 0; i < d.depth(); i++) {
      String from = DIFFUSERS.block(i);
      String block = OFFICIAL.block(i);
      for (String part : PARTS) {
        join(file, to, used, from + QKV_DIFFUSERS, block + QKV_OFFICIAL + part, part);
      }
      BLOCK.stream()
          .flatMap(Pair::parts)
          .forEach(p -> rename(file, to, used, from + p.diffusers(), block + p.official()));
    }
    FINAL.stream()
        .flatMap(Pair::parts)
        .forEach(p -> rename(file, to, used, p.diffusers(), p.official()));
    checkAllUsed(file, used);
    return to;
  }

  private static Map<String, String> officialMetadata(TensorFile file) {
    Map<String, String> m = new LinkedHashMap<>(file.metadata());
    // Weights that came from an official checkpoint keep the arithmetic that they were trained
    // with.
    m.putIfAbsent(NUMERICS, "diffusers");
    copy(m, "config.num_attention_heads", "num_heads");
    copy(m, "config.num_embeds_ada_norm", "num_classes");
    return m;
  }

  private static void copy(Map<String, String> metadata, String from, String to) {
    if (metadata.containsKey(from)) {
      metadata.put(to, metadata.get(from));
    }
  }

  private static void addPositions(
      TensorFile file, DerivedTensors to, Set<String> used, DitDimensions d) {
    if (file.tensors().containsKey(POSITIONS)) {
      rename(file, to, used, POSITIONS, POSITIONS);
      return;
    }
    int grid =
        d.grid()
            .orElseThrow(
                () ->
                    new JditException(
                        file.source()
                            + " does not say for which image size it is; open its directory, with"
                            + " config.json, instead of the file alone"));
    if (d.hidden() % 4 != 0 || (long) grid * grid * d.hidden() > LARGEST_TABLE) {
      throw new JditException(
          "%s: there is no position table of width %d for %d x %d patches"
              .formatted(file.source(), d.hidden(), grid, grid));
    }
    DType dtype = file.tensors().get(DIFFUSERS.patches()).dtype();
    Spec spec = new Spec(Shape.of(1, grid * grid, d.hidden()), dtype);
    to.add(POSITIONS, spec, scope -> PositionTable.of(d.hidden(), grid, dtype, scope));
  }

  private static void join(
      TensorFile file, DerivedTensors to, Set<String> used, String attn, String name, String part) {
    List<String> names = QKV.stream().map(n -> attn + n + "." + part).toList();
    List<Spec> specs = names.stream().map(n -> spec(file, used, n)).toList();
    Spec one = specs.getFirst();
    if (one.shape().rank() == 0 || specs.stream().anyMatch(s -> !s.equals(one))) {
      throw new JditException(
          "%s: query, key and value of %s have different shapes or types"
              .formatted(file.source(), attn));
    }
    Spec joint = one.with(one.shape().with(0, Math.multiplyExact(3, one.shape().dim(0))));
    to.add(
        name,
        joint,
        scope -> {
          Tensor t = scope.zeros(joint);
          for (int i = 0; i < names.size(); i++) {
            MemorySegment third = t.concrete().data().asSlice(i * one.bytes(), one.bytes());
            try (TensorScope mapped = scope.inner()) {
              Elements.copy(file.map(names.get(i), mapped), third, one.dtype());
            }
          }
          return t;
        });
  }

  private static Tensor onlyOne(TensorFile file, List<String> copies, TensorScope scope) {
    Tensor first = file.map(copies.getFirst(), scope);
    for (String name : copies.subList(1, copies.size())) {
      try (TensorScope mapped = scope.inner()) {
        if (!Values.sameBits(first, file.map(name, mapped))) {
          throw new JditException(
              "%s: %s differs from %s; the official layout has one for all blocks"
                  .formatted(file.source(), name, copies.getFirst()));
        }
      }
    }
    return first;
  }

  private static void rename(
      TensorFile file, DerivedTensors to, Set<String> used, String from, String name) {
    spec(file, used, from);
    to.rename(from, name);
  }

  private static Spec spec(TensorFile file, Set<String> used, String name) {
    Spec spec = file.tensors().get(name);
    if (spec == null) {
      throw new JditException(file.source() + " lacks the tensor " + name);
    }
    used.add(name);
    return spec;
  }

  private static void checkAllUsed(TensorFile file, Set<String> used) {
    List<String> unknown = file.tensors().keySet().stream().filter(n -> !used.contains(n)).toList();
    if (!unknown.isEmpty()) {
      throw new JditException(
          "%s has %d tensors that no DiT has, such as %s"
              .formatted(file.source(), unknown.size(), unknown.getFirst()));
    }
  }
}
