package org.jdit.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.Collectors;
import org.jdit.tensor.DType;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.io.Safetensors;
import org.jdit.tensor.io.TensorFile;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.weights.Checkpoint.Choice;
import org.junit.jupiter.api.Test;

/** Names of both layouts against files that torch and diffusers wrote of the same network. */
class KeysTest {
  private static Checkpoint official() {
    return Checkpoint.open(Reference.file("dit_state.pt"), Choice.AUTO);
  }

  private static Checkpoint diffusers() {
    return Checkpoint.open(Reference.file("diffusers/dit"), Choice.AUTO);
  }

  private static void assertBitsEqual(TensorFile a, TensorFile b) {
    assertThat(a.tensors()).isEqualTo(b.tensors());
    try (TensorScope scope = TensorScope.open(new Memory())) {
      for (String name : a.tensors().keySet()) {
        assertThat(Values.sameBits(a.map(name, scope), b.map(name, scope))).as(name).isTrue();
      }
    }
  }

  @Test
  void officialNamesBecomeThoseOfDiffusers() {
    try (Checkpoint from = official();
        Checkpoint to = diffusers()) {
      assertBitsEqual(DitKeys.diffusers(from), to);
    }
  }

  @Test
  void namesOfDiffusersBecomeOfficialInTheirOrder() {
    try (Checkpoint from = diffusers();
        Checkpoint to = official()) {
      TensorFile mapped = DitKeys.official(from);
      assertBitsEqual(mapped, to);
      assertThat(List.copyOf(mapped.tensors().keySet()))
          .isEqualTo(List.copyOf(to.tensors().keySet()));
      assertThat(mapped.metadata())
          .containsEntry("num_heads", "3")
          .containsEntry("num_classes", "10")
          .containsEntry("numerics", "diffusers");
    }
  }

  @Test
  void filesInTheWantedLayoutStayAsTheyAre() {
    try (Checkpoint a = official();
        Checkpoint b = diffusers()) {
      assertThat(DitKeys.official(a)).isSameAs(a);
      assertThat(DitKeys.diffusers(b)).isSameAs(b);
    }
  }

  @Test
  void weightsAloneDoNotSayTheImageSize() {
    TensorFile file =
        Safetensors.open(
            Reference.file("diffusers/dit/transformer/diffusion_pytorch_model.safetensors"));
    try (file) {
      assertThatThrownBy(() -> DitKeys.official(file))
          .isInstanceOf(JditException.class)
          .hasMessageContaining("config.json");
    }
  }

  @Test
  void missingAndUnknownTensorsAreRefusedByName() {
    try (Checkpoint c = official();
        TensorScope scope = TensorScope.open(new Memory())) {
      DerivedTensors fewer = new DerivedTensors(c, Map.of());
      DerivedTensors more = new DerivedTensors(c, Map.of());
      for (String name : c.tensors().keySet()) {
        more.rename(name, name);
        if (!name.equals("blocks.1.attn.proj.bias")) {
          fewer.rename(name, name);
        }
      }
      more.add("projector.weight", Spec.f32(1), s -> s.zeros(Spec.f32(1)));
      assertThatThrownBy(() -> DitKeys.diffusers(fewer))
          .isInstanceOf(JditException.class)
          .hasMessageContaining("lacks the tensor blocks.1.attn.proj.bias");
      assertThatThrownBy(() -> DitKeys.diffusers(more))
          .isInstanceOf(JditException.class)
          .hasMessageContaining("projector.weight");
      assertThat(scope.memory().liveBytes()).isZero();
    }
  }

  @Test
  void differingCopiesOfAnEmbedderAreRefused() {
    try (Checkpoint c = diffusers();
        TensorScope scope = TensorScope.open(new Memory())) {
      String copy = "transformer_blocks.1.norm1.emb.timestep_embedder.linear_1.bias";
      DerivedTensors changed = new DerivedTensors(c, c.metadata());
      c.tensors().keySet().forEach(name -> changed.rename(name, name));
      changed.add(copy, c.tensors().get(copy), s -> s.zeros(c.tensors().get(copy)));
      TensorFile official = DitKeys.official(changed);
      assertThatThrownBy(() -> official.map("t_embedder.mlp.0.bias", scope))
          .isInstanceOf(JditException.class)
          .hasMessageContaining(copy);
    }
  }

  @Test
  void oldAttentionNamesOfTheAutoencoderBecomeNew() {
    try (Checkpoint old = Checkpoint.open(Reference.file("vae_oldkeys.bin"), Choice.AUTO);
        TensorFile now = Safetensors.open(Reference.file("vae.safetensors"))) {
      assertThat(old.tensors()).isNotEqualTo(now.tensors());
      assertThat(ModelKind.of(old)).isEqualTo(ModelKind.VAE);
      assertBitsEqual(VaeKeys.modern(old), now);
      assertBitsEqual(VaeKeys.modern(now), now);
    }
  }

  @Test
  void attentionOfTheFirstFilesIsAConvolution() {
    try (Checkpoint old = Checkpoint.open(Reference.file("vae_oldkeys.bin"), Choice.AUTO);
        TensorFile now = Safetensors.open(Reference.file("vae.safetensors"))) {
      DerivedTensors first = new DerivedTensors(old, Map.of());
      old.tensors()
          .forEach(
              (name, spec) -> {
                boolean matrix = name.contains(".attentions.") && spec.shape().rank() == 2;
                Shape shape = matrix ? spec.shape().plus(Shape.of(1, 1)) : spec.shape();
                first.add(name, spec.with(shape), s -> old.map(name, s).reshape(shape));
              });
      assertThat(first.tensors().values().stream().filter(s -> s.shape().rank() == 2)).isEmpty();
      assertBitsEqual(VaeKeys.modern(first), now);
    }
  }

  @Test
  void positionTableIsThatOfTheOfficialCode() {
    try (Checkpoint c = official();
        TensorScope scope = TensorScope.open(new Memory())) {
      Tensor table = c.map("pos_embed", scope);
      Tensor own = PositionTable.of(48, 4, DType.F32, scope);
      assertThat(Values.sameBits(own, table)).isTrue();
      assertThatThrownBy(() -> PositionTable.sinCos2d(6, 4))
          .isInstanceOf(JditException.class)
          .hasMessageContaining("multiple of 4");
    }
  }

  @Test
  void dimensionsAreReadInBothLayouts() {
    try (Checkpoint a = official();
        Checkpoint b = diffusers()) {
      DitDimensions d = DitDimensions.of(a);
      assertThat(DitDimensions.of(b)).isEqualTo(d);
      assertThat(d.hidden()).isEqualTo(48);
      assertThat(d.depth()).isEqualTo(2);
      assertThat(d.patch()).isEqualTo(2);
      assertThat(d.inChannels()).isEqualTo(4);
      assertThat(d.learnsSigma()).isTrue();
      assertThat(d.labelRows()).isEqualTo(11);
      assertThat(d.inputSize()).hasValue(8);
      assertThat(d.name()).isEmpty();
      assertThat(d.usualHeads()).isEmpty();
    }
  }

  @Test
  void namesOfThePaperAreRecognised() {
    Map<List<Integer>, String> models =
        Map.of(
            List.of(384, 12, 8), "DiT-S/8",
            List.of(768, 12, 4), "DiT-B/4",
            List.of(1024, 24, 2), "DiT-L/2",
            List.of(1152, 28, 2), "DiT-XL/2");
    Map<String, Integer> heads =
        models.entrySet().stream()
            .collect(
                Collectors.toMap(
                    Map.Entry::getValue, e -> dimensions(e.getKey()).usualHeads().orElseThrow()));
    assertThat(heads).isEqualTo(Map.of("DiT-S/8", 6, "DiT-B/4", 12, "DiT-L/2", 16, "DiT-XL/2", 16));
    models.forEach((size, name) -> assertThat(dimensions(size).name()).contains(name));
    assertThat(dimensions(List.of(384, 13, 8)).name()).isEmpty();
  }

  private static DitDimensions dimensions(List<Integer> size) {
    return new DitDimensions(
        size.get(0), size.get(1), size.get(2), 4, 8, 1001, 4 * size.get(0), OptionalInt.of(16));
  }

  @Test
  void forgedSizesAreRefusedInWords() {
    try (Checkpoint c = diffusers()) {
      for (String size : List.of("nine", "99999999", "-8", "0")) {
        DerivedTensors forged = new DerivedTensors(c, Map.of("config.sample_size", size));
        c.tensors().keySet().forEach(name -> forged.rename(name, name));
        assertThatThrownBy(() -> DitKeys.official(forged)).isInstanceOf(JditException.class);
      }
      DerivedTensors patches = new DerivedTensors(c, c.metadata());
      c.tensors().keySet().forEach(name -> patches.rename(name, name));
      Spec huge = Spec.f32(1, 1, 65536, 65536);
      patches.add("pos_embed.proj.weight", huge, s -> s.zeros(huge));
      assertThatThrownBy(() -> DitDimensions.of(patches))
          .isInstanceOf(JditException.class)
          .hasMessageContaining("65536 x 65536");
    }
  }

  @Test
  void weightsOfDiffusersLayoutKeepTheNumericsThatTheySay() {
    try (Checkpoint c = diffusers()) {
      DerivedTensors said = new DerivedTensors(c, Map.of("numerics", "official"));
      c.tensors().keySet().forEach(name -> said.rename(name, name));
      said.add("pos_embed", Spec.f32(1, 16, 48), s -> s.zeros(Spec.f32(1, 16, 48)));
      assertThat(DitKeys.official(said).metadata()).containsEntry("numerics", "official");
    }
  }

  @Test
  void classesAreKnownOrGuessedFromTheLabelRows() {
    assertThat(DitDimensions.classes(1001, OptionalInt.empty(), "a")).isEqualTo(1000);
    assertThat(DitDimensions.classes(1000, OptionalInt.empty(), "a")).isEqualTo(1000);
    assertThat(DitDimensions.classes(1, OptionalInt.empty(), "a")).isEqualTo(1);
    assertThat(DitDimensions.classes(10, OptionalInt.of(9), "a")).isEqualTo(9);
    assertThat(DitDimensions.classes(11, OptionalInt.of(11), "a")).isEqualTo(11);
    for (int wrong : new int[] {9, 12}) {
      assertThatThrownBy(() -> DitDimensions.classes(11, OptionalInt.of(wrong), "a.pt"))
          .isInstanceOf(JditException.class)
          .hasMessage(
              "a.pt has 11 label rows, which fits 10 classes with a null class or 11 without, not "
                  + wrong);
    }
  }
}
