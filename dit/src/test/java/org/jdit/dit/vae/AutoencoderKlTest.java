package org.jdit.dit.vae;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jdit.dit.model.Engine;
import org.jdit.dit.model.ListedFile;
import org.jdit.dit.model.ReferenceFile;
import org.jdit.nn.StateDict;
import org.jdit.nn.Taps;
import org.jdit.nn.Weights;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.program.Program;
import org.jdit.tensor.program.Trace;
import org.jdit.tensor.spi.Backend;
import org.jdit.tensor.testkit.ReferenceData;
import org.jdit.tensor.testkit.Tolerance;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;

/** The autoencoder computes what diffusers' AutoencoderKL computes with the same weights. */
@Tag("ladder")
class AutoencoderKlTest {
  /** float32 against float64: 1.4e-6 of the largest value; two torch releases differ by 1.2e-6. */
  private static final Tolerance VAE = Tolerance.relToMax(2e-5);

  private final ReferenceData io = ReferenceData.resource("vae_io.safetensors");
  private final VaeConfig config =
      new VaeConfig(3, 4, List.of(16, 32), 2, 8, VaeConfig.SD_SCALING_FACTOR);

  private static Taps outputs(Trace t) {
    return (name, value) -> t.output("act/" + name, value.get());
  }

  private Map<String, Tensor> run(
      Backend backend, Program p, Map<String, Tensor> inputs, TensorScope scope) {
    StateDict model = AutoencoderKl.stateDict(config);
    return Engine.run(backend, p, model, ReferenceFile.of("vae.safetensors"), inputs, scope);
  }

  private void assertInnerValues(Map<String, Tensor> out) {
    out.keySet().stream()
        .filter(key -> key.startsWith("act/") && io.has(key))
        .forEach(key -> io.assertClose(key, out.get(key), VAE));
  }

  @ParameterizedTest
  @EnumSource
  void decodeAndItsInnerValuesMatch(Engine engine) {
    Program p =
        Program.trace(
            t ->
                t.output(
                    "decode",
                    new AutoencoderKl(config, Weights.params(t))
                        .decode(t.input("z", io.spec("z")), outputs(t))));
    try (Backend backend = engine.open();
        TensorScope scope = TensorScope.open(backend.memory())) {
      Map<String, Tensor> out = run(backend, p, Map.of("z", io.tensor("z", scope)), scope);
      io.assertClose("decode", out.get("decode"), VAE);
      assertThat(out.keySet())
          .containsAll(
              io.keys().stream()
                  .filter(k -> k.startsWith("act/decoder") || k.equals("act/post_quant_conv"))
                  .toList());
      assertInnerValues(out);
    }
  }

  @ParameterizedTest
  @EnumSource
  void encodeItsPosteriorAndItsInnerValuesMatch(Engine engine) {
    Program p =
        Program.trace(
            t -> {
              Posterior posterior =
                  new AutoencoderKl(config, Weights.params(t))
                      .encode(t.input("image", io.spec("image")), outputs(t));
              t.output("encode_mean", posterior.mode());
              t.output("encode_logvar", posterior.logvar());
              t.output("encode_std", posterior.std());
              t.output("encode_kl", posterior.kl());
              Tensor noise = t.input("noise", io.spec("encode_sample_noise"));
              Tensor sample = posterior.sample(noise);
              t.output("encode_sample", sample);
              t.output("latent_scaled", sample.mul(config.scalingFactor()));
            });
    try (Backend backend = engine.open();
        TensorScope scope = TensorScope.open(backend.memory())) {
      Map<String, Tensor> inputs =
          Map.of(
              "image", io.tensor("image", scope),
              "noise", io.tensor("encode_sample_noise", scope));
      Map<String, Tensor> out = run(backend, p, inputs, scope);
      out.keySet().stream()
          .filter(key -> !key.startsWith("act/"))
          .forEach(key -> io.assertClose(key, out.get(key), VAE));
      assertThat(out.keySet())
          .containsAll(io.keys().stream().filter(k -> k.startsWith("act/encoder")).toList());
      assertInnerValues(out);
    }
  }

  @Test
  void namesAndShapesAreStableDiffusions() {
    JsonNode json = ReferenceData.json("vae.json");
    Map<String, Shape> expected = new LinkedHashMap<>();
    json.get("sd_shapes_new_names")
        .forEachEntry(
            (key, dims) ->
                expected.put(key, new Shape(dims.valueStream().map(JsonNode::asInt).toList())));
    StateDict vae = AutoencoderKl.stateDict(VaeConfig.STABLE_DIFFUSION);
    assertThat(vae.shapes()).containsExactlyInAnyOrderEntriesOf(expected);
    assertThat(vae.parameters()).isEqualTo(json.get("sd_parameters").asLong());
  }

  @Test
  void sizesAreReadOffConfigOrShapes() {
    Map<String, Object> json =
        Map.of(
            "_class_name", "AutoencoderKL",
            "act_fn", "silu",
            "in_channels", 3,
            "out_channels", 3,
            "latent_channels", 4,
            "block_out_channels", List.of(16, 32),
            "layers_per_block", 2,
            "norm_num_groups", 8,
            "down_block_types", List.of("DownEncoderBlock2D", "DownEncoderBlock2D"));
    assertThat(VaeConfig.of(json)).isEqualTo(config);
    assertThat(VaeConfig.of(Map.of())).isEqualTo(VaeConfig.STABLE_DIFFUSION);
    StateDict stableDiffusion = AutoencoderKl.stateDict(VaeConfig.STABLE_DIFFUSION);
    assertThat(VaeConfig.recognise(ListedFile.of(stableDiffusion, Map.of())))
        .isEqualTo(VaeConfig.STABLE_DIFFUSION);
    assertThat(VaeConfig.STABLE_DIFFUSION.downsampling()).isEqualTo(8);
  }

  @Test
  void otherAutoencodersAreRefusedInWords() {
    assertThatThrownBy(() -> VaeConfig.of(Map.of("act_fn", "relu")))
        .isInstanceOf(JditException.class)
        .hasMessage("the autoencoder's config.json has act_fn = relu; only silu is supported");
    assertThatThrownBy(() -> VaeConfig.of(Map.of("layers_per_block", "two")))
        .isInstanceOf(JditException.class)
        .hasMessage("the autoencoder's config.json has layers_per_block = two, which is no number");
    // Its 16 channels do not divide into Stable Diffusion's 32 groups.
    assertThatThrownBy(() -> VaeConfig.recognise(ReferenceFile.of("vae.safetensors")))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("block_out_channels [16, 32] cannot be normalised in 32 groups");
    assertThatThrownBy(() -> VaeConfig.recognise(ReferenceFile.of("dit_weights.safetensors")))
        .isInstanceOf(JditException.class)
        .hasMessage(
            "dit_weights.safetensors is no AutoencoderKL: it has no encoder.conv_in.weight");
  }
}
