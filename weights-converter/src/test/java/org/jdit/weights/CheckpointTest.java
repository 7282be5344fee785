package org.jdit.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jdit.tensor.DType;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.io.Npy;
import org.jdit.tensor.io.Npz;
import org.jdit.tensor.io.SafetensorsWriter;
import org.jdit.tensor.io.TensorEntry;
import org.jdit.tensor.io.TensorFile;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.weights.Checkpoint.Choice;
import org.jdit.weights.Checkpoint.Format;
import org.jdit.weights.pickle.PickleValue.Dict;
import org.jdit.weights.pickle.PickleValue.Scalar;
import org.jdit.weights.torch.TorchFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

class CheckpointTest {
  // Sums of up to 12288 numbers in double: the order of summation changes some of the last bits.
  private static final double SUM = 1e-9;

  private static void assertSums(TensorFile file, String name, JsonNode expected) {
    try (TensorScope scope = TensorScope.open(new Memory())) {
      Tensor t = file.map(name, scope);
      double[] x = t.toDoubles();
      assertThat(t.shape().dims())
          .isEqualTo(expected.get("shape").valueStream().map(JsonNode::asInt).toList());
      assertThat(Arrays.stream(x).sum()).isCloseTo(expected.get("sum").asDouble(), within(SUM));
      assertThat(Arrays.stream(x).map(Math::abs).sum())
          .isCloseTo(expected.get("abs_sum").asDouble(), within(SUM));
      assertThat(x[0]).isEqualTo(expected.get("first").asDouble());
    }
  }

  @ParameterizedTest
  @CsvSource({"AUTO, ema", "EMA, ema", "MODEL, model"})
  void chosenWeightsOfTrainingAreThoseThatTorchSaved(Choice choice, String part) {
    JsonNode tensors = Reference.json("dit_train.json").get("tensors");
    try (Checkpoint c = Checkpoint.open(Reference.file("dit_train.pt"), choice)) {
      assertThat(c.format()).isEqualTo(Format.TORCH_ZIP);
      assertThat(c.weights()).contains(part);
      List<String> names =
          tensors.propertyNames().stream().filter(n -> n.startsWith(part + "/")).toList();
      assertThat(c.tensors()).hasSize(names.size()).hasSize(32);
      for (String name : names) {
        assertSums(c, name.substring(part.length() + 1), tensors.get(name));
      }
    }
  }

  @Test
  void trainingArgumentsAreMetadata() {
    JsonNode args = Reference.json("dit_train.json").get("args");
    try (Checkpoint c = Checkpoint.open(Reference.file("dit_train.pt"), Choice.AUTO)) {
      args.forEachEntry(
          (key, value) -> assertThat(c.metadata()).containsEntry("args." + key, value.asString()));
      assertThat(c.metadata()).containsEntry("num_classes", "10");
    }
  }

  @Test
  void optimizerStateReadsAsData() {
    JsonNode tensors = Reference.json("dit_train.json").get("tensors");
    try (TorchFile file = TorchFile.open(Reference.file("dit_train.pt"))) {
      Dict opt = (Dict) ((Dict) file.root()).get("opt").orElseThrow();
      int seen = 0;
      for (Dict.Entry parameter : ((Dict) opt.get("state").orElseThrow()).entries()) {
        TensorFile state = file.tensors((Dict) parameter.value());
        for (String field : state.tensors().keySet()) {
          String name = "opt/" + ((Scalar) parameter.key()).value() + "/" + field;
          assertSums(state, field, tensors.get(name));
          seen++;
        }
      }
      assertThat(seen)
          .isEqualTo(tensors.propertyNames().stream().filter(n -> n.startsWith("opt/")).count());
    }
  }

  @ParameterizedTest
  @EnumSource(Choice.class)
  void bareStateDictIsTakenAsItIs(Choice choice) {
    Path file = Reference.file("dit_state.pt");
    if (choice == Choice.EMA) {
      assertThatThrownBy(() -> Checkpoint.open(file, choice))
          .isInstanceOf(JditException.class)
          .hasMessageContaining("no EMA weights");
      return;
    }
    try (Checkpoint c = Checkpoint.open(file, choice)) {
      assertThat(c.weights()).isEmpty();
      assertThat(c.tensors()).hasSize(32);
    }
  }

  @Test
  void bothLayoutsOfTorchHoldTheSameNumbers() {
    try (Checkpoint zip = Checkpoint.open(Reference.file("dit_state.pt"), Choice.AUTO);
        Checkpoint legacy = Checkpoint.open(Reference.file("dit_state_legacy.pt"), Choice.AUTO)) {
      assertThat(legacy.format()).isEqualTo(Format.TORCH_LEGACY);
      assertThat(Comparison.of(zip, legacy).equal()).isTrue();
    }
  }

  @ParameterizedTest
  @CsvSource({"dit_state_fp16.pt, F16", "dit_state_bf16.pt, BF16"})
  void halfPrecisionIsTheRoundedState(String name, DType dtype) {
    try (Checkpoint whole = Checkpoint.open(Reference.file("dit_state.pt"), Choice.AUTO);
        Checkpoint half = Checkpoint.open(Reference.file(name), Choice.AUTO);
        TensorScope scope = TensorScope.open(new Memory())) {
      for (String key : whole.tensors().keySet()) {
        assertThat(half.tensors().get(key).dtype()).isEqualTo(dtype);
        Tensor rounded = scope.copy(whole.map(key, scope), dtype);
        assertThat(half.map(key, scope).toFloats()).containsExactly(rounded.toFloats());
      }
    }
  }

  private static Path write(Path file, byte[] pickle) throws Exception {
    return Files.write(file, TestPickle.torchZip(pickle, Map.of("data/0", new byte[8])));
  }

  private static TestPickle tensor(TestPickle p, String name) {
    return p.text(name).tensor(2, 0, new long[] {2}, new long[] {1}).op('s');
  }

  @Test
  void prefixOfDistributedTrainingIsDropped(@TempDir Path directory) throws Exception {
    TestPickle p = TestPickle.start().op('}').text("model").op('}');
    tensor(tensor(p, "module.a"), "module.b.module.c").op('s');
    try (Checkpoint c = Checkpoint.open(write(directory.resolve("a.pt"), p.end()), Choice.AUTO);
        TensorScope scope = TensorScope.open(new Memory())) {
      assertThat(c.tensors().keySet()).containsExactly("a", "b.module.c");
      assertThat(c.metadata()).containsEntry("prefix", "module.");
      assertThat(c.map("a", scope).toFloats()).containsExactly(0, 0);
    }
  }

  @Test
  void unknownNetworkOfLightningKeepsItsNames(@TempDir Path directory) throws Exception {
    TestPickle p = TestPickle.start().op('}').text("epoch").op('K', 3, 's');
    tensor(p.text("state_dict").op('}'), "model.a").op('s');
    p.text("hyper_parameters").op('}').text("lr").op('K', 1, 's', 's');
    try (Checkpoint c = Checkpoint.open(write(directory.resolve("a.ckpt"), p.end()), Choice.AUTO)) {
      assertThat(c.weights()).contains("state_dict");
      assertThat(c.tensors().keySet()).containsExactly("model.a");
      assertThat(c.metadata()).containsEntry("args.lr", "1");
    }
  }

  @Test
  void nestedDictsAreJoinedWhenThereIsNoStateDict() {
    try (Checkpoint c = Checkpoint.open(Reference.file("pickle_zoo.pt"), Choice.AUTO)) {
      assertThat(c.tensors().keySet()).contains("zoo.strided", "many.layer.699.weight");
    }
  }

  @Test
  void dictThatContainsItselfEnds(@TempDir Path directory) throws Exception {
    TestPickle p = TestPickle.start().op('}', 'q', 0).text("self").op('h', 0, 's');
    p.text("other").op('}').text("a").tensor(2, 0, new long[] {2}, new long[] {1});
    byte[] pickle = p.op('s', 's').end();
    try (Checkpoint c = Checkpoint.open(write(directory.resolve("a.pt"), pickle), Choice.AUTO)) {
      assertThat(c.tensors().keySet()).containsExactly("other.a");
    }
  }

  @Test
  void wholeModulesAreRefusedInWords(@TempDir Path directory) throws Exception {
    byte[] module = TestPickle.start().global("models", "DiT").op(')', 0x81).end();
    assertThatThrownBy(() -> Checkpoint.open(write(directory.resolve("a.pt"), module), Choice.AUTO))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("a Python object (models.DiT)")
        .hasMessageContaining("state_dict()");
    byte[] nothing = TestPickle.start().op('}').end();
    assertThatThrownBy(
            () -> Checkpoint.open(write(directory.resolve("b.pt"), nothing), Choice.AUTO))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("holds no tensors");
  }

  @Test
  void otherFormatsAreToldByContent(@TempDir Path directory) throws Exception {
    try (TensorScope scope = TensorScope.open(new Memory())) {
      List<TensorEntry> one = List.of(TensorEntry.of("a", scope.of(Shape.of(1), 5f)));
      Path safetensors = directory.resolve("renamed.pt");
      SafetensorsWriter.write(safetensors, Map.of("weights", "ema"), one);
      Path npz = directory.resolve("a.npz");
      Npz.write(npz, one);
      try (Checkpoint c = Checkpoint.open(safetensors, Choice.EMA);
          Checkpoint z = Checkpoint.open(npz, Choice.AUTO)) {
        assertThat(c.format()).isEqualTo(Format.SAFETENSORS);
        assertThat(c.weights()).contains("ema");
        assertThat(z.format()).isEqualTo(Format.NPZ);
        assertThat(c.map("a", scope).item()).isEqualTo(5);
        assertThat(z.map("a", scope).item()).isEqualTo(5);
      }
      assertThatThrownBy(() -> Checkpoint.open(safetensors, Choice.MODEL))
          .isInstanceOf(JditException.class)
          .hasMessageContaining("only the EMA weights");
    }
    Path empty = Files.createDirectory(directory.resolve("empty"));
    assertThatThrownBy(() -> Checkpoint.open(empty, Choice.AUTO))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("no weights that diffusers knows");
  }

  @ParameterizedTest
  @ValueSource(strings = {"diffusers/dit", "diffusers/dit/transformer"})
  void directoriesOfDiffusersOpenWithTheirConfiguration(String name) {
    try (Checkpoint c = Checkpoint.open(Reference.file(name), Choice.AUTO)) {
      assertThat(c.tensors()).hasSize(44);
      assertThat(c.metadata())
          .containsEntry("config.num_attention_heads", "3")
          .containsEntry("config.sample_size", "8")
          .containsEntry("config._class_name", "DiTTransformer2DModel");
    }
  }

  @Test
  void hashIsThatOfTheFile(@TempDir Path directory) throws Exception {
    Path file = write(directory.resolve("a.pt"), tensor(TestPickle.start().op('}'), "a").end());
    try (Checkpoint c = Checkpoint.open(file, Choice.AUTO)) {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file));
      assertThat(c.sha256()).isEqualTo(HexFormat.of().formatHex(digest));
    }
  }

  @Test
  void arrayOfNumpyIsNamedByItsFile(@TempDir Path directory) {
    Path file = directory.resolve("noise.npy");
    try (TensorScope scope = TensorScope.open(new Memory())) {
      Npy.write(file, scope.of(Shape.of(2), 1f, 2f));
      try (Checkpoint c = Checkpoint.open(file, Choice.AUTO)) {
        assertThat(c.format()).isEqualTo(Format.NPY);
        assertThat(c.tensors()).containsExactly(Map.entry("noise", Spec.f32(2)));
        assertThat(c.map("noise", scope).toFloats()).containsExactly(1, 2);
        assertThatThrownBy(() -> c.map("other", scope))
            .isInstanceOf(IllegalArgumentException.class);
      }
    }
  }

  /** A file of tensors of the given names. */
  private static Path named(Path file, Stream<String> names) {
    List<TensorEntry> entries =
        names.map(n -> TensorEntry.lazy(n, Spec.f32(1), s -> s.zeros(Spec.f32(1)))).toList();
    SafetensorsWriter.write(file, Map.of(), entries);
    return file;
  }

  @ParameterizedTest
  @CsvSource({
    "dit_state.pt, model.",
    "dit_state.pt, _orig_mod.",
    "dit_state.pt, module.net.",
    "diffusers/dit, transformer.",
    "vae.safetensors, first_stage_model."
  })
  void networkInsideAnotherHasItsOwnNames(String name, String prefix, @TempDir Path directory) {
    try (Checkpoint bare = Checkpoint.open(Reference.file(name), Choice.AUTO)) {
      Stream<String> inside = bare.tensors().keySet().stream().map(n -> prefix + n);
      Path file =
          named(directory.resolve("a.safetensors"), Stream.concat(inside, Stream.of("loss.scale")));
      try (Checkpoint c = Checkpoint.open(file, Choice.AUTO)) {
        assertThat(c.tensors().keySet()).isEqualTo(bare.tensors().keySet());
        assertThat(ModelKind.of(c)).isEqualTo(ModelKind.of(bare));
        assertThat(c.metadata()).containsEntry("prefix", prefix);
      }
      assertThat(bare.metadata()).doesNotContainKey("prefix");
    }
  }

  @Test
  void theDitIsTakenBesideItsAutoencoderButNotOneOfTwo(@TempDir Path directory) {
    try (Checkpoint dit = Checkpoint.open(Reference.file("dit_state.pt"), Choice.AUTO);
        Checkpoint vae = Checkpoint.open(Reference.file("vae.safetensors"), Choice.AUTO)) {
      List<String> both =
          Stream.concat(
                  vae.tensors().keySet().stream().map(n -> "vae." + n),
                  dit.tensors().keySet().stream().map(n -> "net." + n))
              .toList();
      List<String> two =
          Stream.concat(both.stream(), dit.tensors().keySet().stream().map(n -> "net_ema." + n))
              .toList();
      try (Checkpoint one =
              Checkpoint.open(named(directory.resolve("a.pt"), both.stream()), Choice.AUTO);
          Checkpoint many =
              Checkpoint.open(named(directory.resolve("b.pt"), two.stream()), Choice.AUTO)) {
        assertThat(one.tensors().keySet()).isEqualTo(dit.tensors().keySet());
        assertThat(many.tensors()).hasSize(two.size());
        assertThat(many.metadata()).doesNotContainKey("prefix");
      }
    }
  }
}
