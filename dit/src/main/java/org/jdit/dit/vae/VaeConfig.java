package org.jdit.dit.vae;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Spec;
import org.jdit.tensor.io.TensorFile;

/**
 * The sizes of an autoencoder, as diffusers' AutoencoderKL names them.
 *
 * @param inChannels channels of images
 * @param latentChannels channels of latents
 * @param blockOutChannels channels of each resolution, from the image's to the latents'
 * @param layersPerBlock residual blocks at each resolution of the encoder; the decoder has one more
 * @param normNumGroups groups of every GroupNorm
 * @param scalingFactor what encoded latents are multiplied by to have variance 1
 */
public record VaeConfig(
    int inChannels,
    int latentChannels,
    List<Integer> blockOutChannels,
    int layersPerBlock,
    int normNumGroups,
    double scalingFactor) {
  /** Scaling factor of Stable Diffusion's autoencoders, which DiT was trained with. */
  public static final double SD_SCALING_FACTOR = 0.18215;

  /** The autoencoder of Stable Diffusion (sd-vae-ft-ema and -mse). */
  public static final VaeConfig STABLE_DIFFUSION =
      new VaeConfig(3, 4, List.of(128, 256, 512, 512), 2, 32, SD_SCALING_FACTOR);

  /**
   * Checks the sizes.
   *
   * @throws JditException if they make no autoencoder
   */
  public VaeConfig {
    blockOutChannels = List.copyOf(blockOutChannels);
    if (inChannels <= 0 || latentChannels <= 0 || layersPerBlock <= 0 || normNumGroups <= 0) {
      throw new JditException(
          "an autoencoder needs positive sizes, not in_channels %d, latent_channels %d,"
                  .formatted(inChannels, latentChannels)
              + " layers_per_block %d, norm_num_groups %d"
                  .formatted(layersPerBlock, normNumGroups));
    }
    if (blockOutChannels.isEmpty()
        || blockOutChannels.stream().anyMatch(c -> c <= 0 || c % normNumGroups != 0)) {
      throw new JditException(
          "an autoencoder with block_out_channels %s cannot be normalised in %d groups"
              .formatted(blockOutChannels, normNumGroups));
    }
    if (!(scalingFactor > 0)) {
      throw new JditException("a scaling_factor must be positive, not " + scalingFactor);
    }
  }

  /** Pixels of an image's side for one of the latents'. */
  public int downsampling() {
    return 1 << (blockOutChannels.size() - 1);
  }

  /**
   * Reads diffusers' {@code config.json}; what it leaves out has diffusers' defaults, which are
   * Stable Diffusion's.
   *
   * @param json the parsed file: numbers, strings, booleans, lists, maps
   * @throws JditException if it describes another kind of autoencoder
   */
  public static VaeConfig of(Map<String, ?> json) {
    require(json, "act_fn", "silu");
    require(json, "mid_block_add_attention", true);
    require(json, "use_quant_conv", true);
    require(json, "use_post_quant_conv", true);
    requireEach(json, "down_block_types", "DownEncoderBlock2D");
    requireEach(json, "up_block_types", "UpDecoderBlock2D");
    List<Integer> channels = new ArrayList<>();
    if (json.get("block_out_channels") instanceof List<?> list) {
      list.forEach(c -> channels.add(number("block_out_channels", c).intValue()));
    } else {
      channels.addAll(STABLE_DIFFUSION.blockOutChannels);
    }
    int inChannels = integer(json, "in_channels", STABLE_DIFFUSION.inChannels);
    int outChannels = integer(json, "out_channels", inChannels);
    if (outChannels != inChannels) {
      throw new JditException(
          "the autoencoder's config.json has %d in_channels but %d out_channels"
              .formatted(inChannels, outChannels));
    }
    return new VaeConfig(
        inChannels,
        integer(json, "latent_channels", STABLE_DIFFUSION.latentChannels),
        channels,
        integer(json, "layers_per_block", STABLE_DIFFUSION.layersPerBlock),
        integer(json, "norm_num_groups", STABLE_DIFFUSION.normNumGroups),
        number("scaling_factor", json.get("scaling_factor"), SD_SCALING_FACTOR).doubleValue());
  }

  /**
   * Reads the sizes off the names and shapes of a file in diffusers' layout. Those do not say how
   * many groups a GroupNorm has nor the scaling factor, which are taken to be Stable Diffusion's.
   *
   * @throws JditException if the file holds no such autoencoder
   */
  public static VaeConfig recognise(TensorFile file) {
    List<Integer> channels = new ArrayList<>();
    while (file.tensors().containsKey(resnet(channels.size(), 0))) {
      channels.add(shape(file, resnet(channels.size(), 0)).shape().dim(0));
    }
    int layers = 0;
    while (file.tensors().containsKey(resnet(0, layers))) {
      layers++;
    }
    return new VaeConfig(
        shape(file, "encoder.conv_in.weight").shape().dim(1),
        shape(file, "post_quant_conv.weight").shape().dim(1),
        channels,
        layers,
        STABLE_DIFFUSION.normNumGroups,
        SD_SCALING_FACTOR);
  }

  private static String resnet(int block, int layer) {
    return "encoder.down_blocks.%d.resnets.%d.conv1.weight".formatted(block, layer);
  }

  private static Spec shape(TensorFile file, String key) {
    Spec spec = file.tensors().get(key);
    if (spec == null || spec.shape().rank() != 4) {
      throw new JditException(
          "%s is no AutoencoderKL: it has %s %s"
              .formatted(file.source(), spec == null ? "no" : "an unfit " + spec, key));
    }
    return spec;
  }

  private static void require(Map<String, ?> json, String key, Object value) {
    require(json.get(key), key, value);
  }

  private static void require(Object found, String key, Object value) {
    if (found != null && !found.equals(value)) {
      throw new JditException(
          "the autoencoder's config.json has %s = %s; only %s is supported"
              .formatted(key, found, value));
    }
  }

  private static void requireEach(Map<String, ?> json, String key, String value) {
    if (json.get(key) instanceof List<?> list) {
      list.forEach(found -> require(found, key, value));
    }
  }

  private static int integer(Map<String, ?> json, String key, int otherwise) {
    return number(key, json.get(key), otherwise).intValue();
  }

  private static Number number(String key, Object found, Number otherwise) {
    return found == null ? otherwise : number(key, found);
  }

  private static Number number(String key, Object found) {
    if (found instanceof Number n) {
      return n;
    }
    throw new JditException(
        "the autoencoder's config.json has %s = %s, which is no number".formatted(key, found));
  }
}
