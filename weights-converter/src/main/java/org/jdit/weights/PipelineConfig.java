package org.jdit.weights;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import org.jdit.tensor.JditException;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * The JSON files of a DiTPipeline directory, as diffusers writes them for a DiT with the official
 * noise schedule.
 */
record PipelineConfig(
    DitDimensions dit, int heads, int classes, boolean predictXStart, String source) {
  // The release whose files these are; later ones read them.
  private static final String VERSION = "0.40.0.dev0";

  PipelineConfig {
    if (dit.mlpHidden() != 4 * dit.hidden()) {
      throw new JditException(
          "%s has an MLP %d wide for a width of %d; diffusers knows only 4 times as wide"
              .formatted(source, dit.mlpHidden(), dit.hidden()));
    }
    if (dit.inputSize().isEmpty()) {
      throw new JditException(
          source + " has no square position table, which the layout of diffusers needs");
    }
  }

  /** Writes the files and returns the directory of the transformer, for its weights. */
  Path writeTo(Path directory) throws IOException {
    write(directory.resolve("model_index.json"), modelIndex());
    Path scheduler = Files.createDirectory(directory.resolve("scheduler"));
    write(scheduler.resolve("scheduler_config.json"), scheduler());
    Path transformer = Files.createDirectory(directory.resolve(ModelDirectory.TRANSFORMER));
    write(transformer.resolve(ModelDirectory.CONFIG), transformer());
    return transformer;
  }

  private static void write(Path file, Map<String, Object> content) throws IOException {
    JsonMapper json = JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();
    Files.writeString(file, json.writeValueAsString(content) + "\n");
  }

  private static Map<String, Object> modelIndex() {
    Map<String, Object> m = new TreeMap<>();
    m.put("_class_name", "DiTPipeline");
    m.put("_diffusers_version", VERSION);
    m.put("scheduler", Arrays.asList("diffusers", "DDIMScheduler"));
    m.put("transformer", Arrays.asList("diffusers", "DiTTransformer2DModel"));
    m.put("vae", Collections.nCopies(2, null));
    return m;
  }

  private Map<String, Object> scheduler() {
    Map<String, Object> m = new TreeMap<>();
    m.put("_class_name", "DDIMScheduler");
    m.put("_diffusers_version", VERSION);
    m.put("beta_end", 0.02);
    m.put("beta_schedule", "linear");
    m.put("beta_start", 0.0001);
    m.put("clip_sample", false);
    m.put("clip_sample_range", 1.0);
    m.put("dynamic_thresholding_ratio", 0.995);
    m.put("num_train_timesteps", 1000);
    m.put("prediction_type", predictXStart ? "sample" : "epsilon");
    m.put("rescale_betas_zero_snr", false);
    m.put("sample_max_value", 1.0);
    m.put("set_alpha_to_one", true);
    m.put("steps_offset", 0);
    m.put("thresholding", false);
    m.put("timestep_spacing", "leading");
    m.put("trained_betas", null);
    return m;
  }

  private Map<String, Object> transformer() {
    Map<String, Object> m = new TreeMap<>();
    m.put("_class_name", "DiTTransformer2DModel");
    m.put("_diffusers_version", VERSION);
    m.put("activation_fn", "gelu-approximate");
    m.put("attention_bias", true);
    m.put("attention_head_dim", dit.hidden() / heads);
    m.put("dropout", 0.0);
    m.put("in_channels", dit.inChannels());
    m.put("norm_elementwise_affine", false);
    m.put("norm_eps", 1e-5);
    m.put("norm_num_groups", 32);
    m.put("norm_type", "ada_norm_zero");
    m.put("num_attention_heads", heads);
    m.put("num_embeds_ada_norm", classes);
    m.put("num_layers", dit.depth());
    m.put("out_channels", dit.outChannels());
    m.put("patch_size", dit.patch());
    m.put("sample_size", dit.inputSize().getAsInt());
    m.put("upcast_attention", false);
    return m;
  }
}
