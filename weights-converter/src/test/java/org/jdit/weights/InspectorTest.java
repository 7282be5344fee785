package org.jdit.weights;

import static org.assertj.core.api.Assertions.assertThat;

import org.jdit.weights.Checkpoint.Choice;
import org.jdit.weights.Checkpoint.Format;
import org.jdit.weights.Inspector.Inspection;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class InspectorTest {
  // Parameter counts by summing the shapes of the official code's state dict.
  @ParameterizedTest
  @CsvSource({
    "dit_state.pt, TORCH_ZIP, DIT_OFFICIAL, 32",
    "dit_state_legacy.pt, TORCH_LEGACY, DIT_OFFICIAL, 32",
    "dit_state_bf16.pt, TORCH_ZIP, DIT_OFFICIAL, 32",
    "dit_train.pt, TORCH_ZIP, DIT_OFFICIAL, 32",
    "diffusers/dit, SAFETENSORS, DIT_DIFFUSERS, 44",
    "vae_oldkeys.bin, TORCH_ZIP, VAE, 156",
    "vae.safetensors, SAFETENSORS, VAE, 156",
    "pickle_zoo.pt, TORCH_ZIP, UNKNOWN, 717",
    "foreign.pt, TORCH_ZIP, UNKNOWN, 1",
    "pickle_zoo_legacy.pt, TORCH_LEGACY, UNKNOWN, 717",
    "rng_newer.safetensors, SAFETENSORS, UNKNOWN, 30"
  })
  void everyRecordedFileIsDescribed(String name, Format format, ModelKind kind, int tensors) {
    Inspection i = Inspector.inspect(Reference.file(name), Choice.AUTO);
    assertThat(i.format()).isEqualTo(format);
    assertThat(i.kind()).isEqualTo(kind);
    assertThat(i.tensors()).hasSize(tensors);
    assertThat(i.dit().isPresent()).isEqualTo(kind.name().startsWith("DIT"));
  }

  @Test
  void trainingCheckpointSaysThatItIsTheMovingAverage() {
    Inspection i = Inspector.inspect(Reference.file("dit_train.pt"), Choice.AUTO);
    assertThat(i.weights()).contains("ema");
    assertThat(i.metadata()).containsEntry("args.model", "DiT-XL/2");
    assertThat(i.dit().orElseThrow().labelRows()).isEqualTo(11);
    long official =
        Reference.json("dit_train.json").get("tensors").properties().stream()
            .filter(e -> e.getKey().startsWith("ema/"))
            .mapToLong(
                e ->
                    e.getValue()
                        .get("shape")
                        .valueStream()
                        .mapToLong(d -> d.asLong())
                        .reduce(1, (a, b) -> a * b))
            .sum();
    assertThat(i.parameters()).isEqualTo(official);
  }

  @Test
  void tensorsThatCannotBeReadAreListed() {
    Inspection i = Inspector.inspect(Reference.file("foreign.pt"), Choice.AUTO);
    assertThat(i.unreadable())
        .contains("c (ComplexFloatStorage)", "f8 (torch.float8_e4m3fn)")
        .noneMatch(tensor -> tensor.startsWith("ok"));
  }
}
