package org.jdit.dit.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Files converted there and back are the same, and what is told of them is right. */
class WeightsCommandsTest {
  private static final Path DIT = Run.resource("e2e/dit.pt");
  private static final Path VAE = Run.resource("e2e/vae");

  @TempDir private Path dir;

  @Test
  void convertsToDiffusersAndBackBitForBit() {
    Path diffusers = dir.resolve("diffusers");
    Path back = dir.resolve("back.pt");
    Run there = Run.jdit("convert", DIT, diffusers, "--layout", "diffusers", "--num-heads", 2);
    assertThat(there.code()).as(there.err()).isZero();
    assertThat(Run.jdit("convert", diffusers, back, "--layout", "official").code()).isZero();
    Run compared = Run.jdit("compare", DIT, back);
    assertThat(compared.code()).as(compared.out()).isZero();
    assertThat(compared.out()).contains("largest difference 0.00: passes");
    assertThat(Run.jdit("compare", DIT, diffusers).code()).isZero();
  }

  @Test
  void convertsToAnotherPrecision() {
    Path half = dir.resolve("half.safetensors");
    Run run = Run.jdit("convert", DIT, half, "--dtype", "bf16", "--json");
    assertThat(run.code()).as(run.err()).isZero();
    JsonNode report = JsonMapper.shared().readTree(run.out());
    assertThat(report.get("metadata").get("source").asString()).isEqualTo("dit.pt");
    assertThat(report.get("metadata").get("source_sha256").asString()).hasSize(64);
    assertThat(Run.jdit("compare", DIT, half).code()).isEqualTo(1);
    // bf16 keeps 8 bits, so values move by up to 2^-9 of themselves.
    assertThat(Run.jdit("compare", DIT, half, "--tolerance", 0.004).code()).isZero();
  }

  @Test
  void convertsToBytesAndBack() {
    Path small = dir.resolve("small.safetensors");
    Run run = Run.jdit("convert", DIT, small, "--dtype", "int8");
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.out()).contains("small.safetensors: 46 tensors in int8");
    Run inspected = Run.jdit("inspect", small);
    assertThat(inspected.out())
        .contains("i8    [384, 128]             blocks.0.attn.qkv.weight")
        .contains("f32   [384]                  blocks.0.attn.qkv.bias")
        .contains("metadata     quantization = int8")
        .doesNotContain(".scale");
    // Half a scale is a 254th of the largest number of a row.
    assertThat(Run.jdit("compare", DIT, small, "--tolerance", 0.0001).code()).isEqualTo(1);
    assertThat(Run.jdit("compare", DIT, small, "--tolerance", 0.004).code()).isZero();
    Path whole = dir.resolve("whole.pt");
    assertThat(Run.jdit("convert", small, whole).code()).isZero();
    assertThat(Run.jdit("inspect", whole).out())
        .contains("f32   [384, 128]             blocks.0.attn.qkv.weight");
    assertThat(Run.jdit("compare", small, whole).code()).isZero();
  }

  @Test
  void inspectsANetwork() {
    Run run = Run.jdit("inspect", DIT);
    assertThat(run.code()).isZero();
    assertThat(run.out())
        .contains("f32   [384, 128]             blocks.0.attn.qkv.weight")
        .contains("custom DiT, width 128, depth 2, patch 2, latents 8, 11 label rows");
  }

  @Test
  void inspectsAnAutoencoderAsJson() {
    Run run = Run.jdit("inspect", VAE, "--json");
    JsonNode report = JsonMapper.shared().readTree(run.out());
    assertThat(report.get("model").asString()).isEqualTo("vae");
    assertThat(report.get("format").asString()).isEqualTo("torch zip");
    assertThat(report.get("tensors").get("post_quant_conv.bias").get("dtype").asString())
        .isEqualTo("F32");
  }

  @Test
  void comparesFilesOfOtherTensors() {
    Run run = Run.jdit("compare", DIT, VAE);
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.out()).contains("pos_embed: missing from B").contains("differs");
  }
}
