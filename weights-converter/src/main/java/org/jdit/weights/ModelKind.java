package org.jdit.weights;

import java.util.Set;
import org.jdit.tensor.io.TensorFile;

/** The networks and key layouts that are told apart by the names of their tensors. */
public enum ModelKind {
  /** A DiT under the names of the official code. */
  DIT_OFFICIAL,
  /** A DiT under the names of diffusers' DiTTransformer2DModel. */
  DIT_DIFFUSERS,
  /** The autoencoder of Stable Diffusion, diffusers' AutoencoderKL. */
  VAE,
  /** Anything else. */
  UNKNOWN;

  /** What a file holds. */
  public static ModelKind of(TensorFile file) {
    Set<String> names = file.tensors().keySet();
    if (names.contains("x_embedder.proj.weight") && names.contains("final_layer.linear.weight")) {
      return DIT_OFFICIAL;
    }
    if (names.contains("pos_embed.proj.weight") && names.contains("proj_out_2.weight")) {
      return DIT_DIFFUSERS;
    }
    return names.contains("decoder.conv_in.weight") && names.contains("decoder.conv_out.weight")
        ? VAE
        : UNKNOWN;
  }
}
