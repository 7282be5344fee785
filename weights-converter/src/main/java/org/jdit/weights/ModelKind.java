package org.jdit.weights;

import java.util.Set;
import java.util.stream.Stream;
import org.jdit.tensor.io.TensorFile;

/** The networks and key layouts that are told apart by the names of their tensors. */
public enum ModelKind {
  /** A DiT under the names of the official code. */
  DIT_OFFICIAL("x_embedder.proj.weight", "final_layer.linear.weight"),
  /** A DiT under the names of diffusers' DiTTransformer2DModel. */
  DIT_DIFFUSERS("pos_embed.proj.weight", "proj_out_2.weight"),
  /** The autoencoder of Stable Diffusion, diffusers' AutoencoderKL. */
  VAE("decoder.conv_in.weight", "decoder.conv_out.weight"),
  /** Anything else. */
  UNKNOWN("", "");

  private final String first;
  private final String last;

  /** A kind is told by having both of these names. */
  ModelKind(String first, String last) {
    this.first = first;
    this.last = last;
  }

  /** A name near the input of the network, which no other kind has. */
  String first() {
    return first;
  }

  /** What a file holds. */
  public static ModelKind of(TensorFile file) {
    return of(file.tensors().keySet(), "");
  }

  /** What the names that begin with {@code prefix} belong to. */
  static ModelKind of(Set<String> names, String prefix) {
    return Stream.of(DIT_OFFICIAL, DIT_DIFFUSERS, VAE)
        .filter(k -> names.contains(prefix + k.first) && names.contains(prefix + k.last))
        .findFirst()
        .orElse(UNKNOWN);
  }
}
