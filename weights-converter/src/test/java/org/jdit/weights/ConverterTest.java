package org.jdit.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.jdit.tensor.DType;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.io.Safetensors;
import org.jdit.tensor.io.SafetensorsWriter;
import org.jdit.tensor.io.TensorEntry;
import org.jdit.tensor.io.TensorFile;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.weights.Checkpoint.Choice;
import org.jdit.weights.Converter.Layout;
import org.jdit.weights.Converter.Request;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;

class ConverterTest {
  private static final OptionalInt HEADS = OptionalInt.of(3);

  @TempDir Path directory;

  private static Converter.Result convert(Path in, Path out, OptionalInt heads) {
    return Converter.convert(
        new Request(in, out, Choice.AUTO, Optional.empty(), Optional.empty(), heads));
  }

  private static Converter.Result convert(Path in, Path out, DType dtype, Layout layout) {
    return Converter.convert(
        new Request(
            in, out, Choice.AUTO, Optional.ofNullable(dtype), Optional.ofNullable(layout), HEADS));
  }

  /** Same names in the same order, specs and bits. */
  private static void assertBitsEqual(TensorFile a, TensorFile b) {
    assertThat(a.tensors()).isEqualTo(b.tensors());
    try (TensorScope scope = TensorScope.open(new Memory())) {
      for (String name : a.tensors().keySet()) {
        assertThat(Values.sameBits(a.map(name, scope), b.map(name, scope))).as(name).isTrue();
      }
    }
  }

  private static void assertBitsEqual(Path a, Path b) {
    try (Checkpoint x = Checkpoint.open(a, Choice.AUTO);
        Checkpoint y = Checkpoint.open(b, Choice.AUTO)) {
      assertBitsEqual(x, y);
    }
  }

  private static List<String> files(Path directory) throws IOException {
    try (Stream<Path> all = Files.walk(directory)) {
      return all.filter(Files::isRegularFile)
          .map(f -> directory.relativize(f).toString())
          .sorted()
          .toList();
    }
  }

  @Test
  void directoryEqualsTheOneThatDiffusersWrote() throws IOException {
    Path expected = Reference.file("diffusers/dit");
    Path out = directory.resolve("dit");
    Converter.Result result = convert(Reference.file("dit_state.pt"), out, HEADS);
    assertThat(result.tensors()).isEqualTo(44);
    assertThat(files(out)).isEqualTo(files(expected));
    for (String name : files(expected)) {
      if (name.endsWith(".json")) {
        assertThat(JsonMapper.shared().readTree(out.resolve(name)))
            .as(name)
            .isEqualTo(JsonMapper.shared().readTree(expected.resolve(name)));
      } else {
        try (TensorFile a = Safetensors.open(out.resolve(name));
            TensorFile b = Safetensors.open(expected.resolve(name))) {
          assertBitsEqual(a, b);
          assertThat(List.copyOf(a.tensors().keySet()))
              .isEqualTo(List.copyOf(b.tensors().keySet()));
          assertThat(a.metadata()).containsEntry("format", "pt");
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"dit_state.pt", "dit_state_legacy.pt", "dit_state_fp16.pt", "dit_state_bf16.pt"})
  void officialToDiffusersAndBackIsTheSameBitForBit(String name) throws IOException {
    Path pipeline = directory.resolve("pipeline");
    Path back = directory.resolve("back.pt");
    convert(Reference.file(name), pipeline, HEADS);
    assertThat(files(pipeline)).doesNotContain("transformer/" + ModelDirectory.POSITIONS);
    convert(pipeline, back, OptionalInt.empty());
    assertBitsEqual(Reference.file(name), back);
  }

  @Test
  void whatIsPredictedIsToldToDiffusersAndKept() throws IOException {
    for (boolean image : new boolean[] {false, true}) {
      Path in = withLabelRows(11, Map.of("predict_xstart", Boolean.toString(image)));
      Path pipeline = directory.resolve("predicts-image-" + image);
      convert(in, pipeline, HEADS);
      assertThat(pipeline.resolve("scheduler/scheduler_config.json"))
          .content()
          .contains("\"prediction_type\" : \"%s\"".formatted(image ? "sample" : "epsilon"));
      Path back = directory.resolve("back-%s.safetensors".formatted(image));
      convert(pipeline, back, OptionalInt.empty());
      assertThat(metadata(back)).containsEntry("predict_xstart", Boolean.toString(image));
    }
  }

  @Test
  void positionTableThatDriftedIsKeptBeside() throws IOException {
    Path drifted = directory.resolve("drifted.safetensors");
    try (Checkpoint c = Checkpoint.open(Reference.file("dit_state.pt"), Choice.AUTO);
        TensorScope scope = TensorScope.open(new Memory())) {
      List<TensorEntry> entries =
          c.tensors().keySet().stream()
              .map(
                  n -> {
                    Tensor t = scope.keep(c.map(n, scope));
                    if (n.equals("pos_embed")) {
                      float[] table = t.toFloats();
                      table[100] = Math.nextUp(table[100]);
                      t = scope.of(t.shape(), table);
                    }
                    return TensorEntry.of(n, t);
                  })
              .toList();
      SafetensorsWriter.write(drifted, Map.of(), entries);
    }
    Path pipeline = directory.resolve("pipeline");
    Path back = directory.resolve("back.safetensors");
    convert(drifted, pipeline, HEADS);
    assertThat(files(pipeline)).contains("transformer/" + ModelDirectory.POSITIONS);
    convert(pipeline, back, OptionalInt.empty());
    assertBitsEqual(drifted, back);
    Path again = directory.resolve("again");
    convert(pipeline, again, OptionalInt.empty());
    assertThat(files(again)).isEqualTo(files(pipeline));
  }

  @ParameterizedTest
  @ValueSource(strings = {"a.safetensors", "a.pt", "a.pth", "a.bin", "a.ckpt"})
  void everyFileFormatKeepsEveryBit(String name) {
    Path out = directory.resolve(name);
    convert(Reference.file("dit_state.pt"), out, OptionalInt.empty());
    assertBitsEqual(Reference.file("dit_state.pt"), out);
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F16", "BF16"})
  void precisionIsThatOfTorch(DType dtype) {
    Path out = directory.resolve("half.safetensors");
    convert(Reference.file("dit_state.pt"), out, dtype, null);
    assertBitsEqual(
        Reference.file(dtype == DType.F16 ? "dit_state_fp16.pt" : "dit_state_bf16.pt"), out);
  }

  @Test
  void halfPrecisionPipelineNeedsNoPositionTable() throws IOException {
    Path pipeline = directory.resolve("pipeline");
    convert(Reference.file("dit_state.pt"), pipeline, DType.F16, Layout.DIFFUSERS);
    assertThat(files(pipeline)).doesNotContain("transformer/" + ModelDirectory.POSITIONS);
    Path back = directory.resolve("back.pt");
    convert(pipeline, back, OptionalInt.empty());
    assertBitsEqual(Reference.file("dit_state_fp16.pt"), back);
  }

  @Test
  void provenanceIsKept() {
    Path first = directory.resolve("ema.pt");
    Path train = Reference.file("dit_train.pt");
    Converter.Result result = convert(train, first, OptionalInt.empty());
    Path second = directory.resolve("ema.safetensors");
    convert(first, second, HEADS);
    try (Checkpoint c = Checkpoint.open(train, Choice.AUTO);
        Checkpoint a = Checkpoint.open(first, Choice.EMA);
        Checkpoint b = Checkpoint.open(second, Choice.EMA)) {
      assertThat(a.metadata())
          .isEqualTo(result.metadata())
          .containsEntry("source", "dit_train.pt")
          .containsEntry("source_sha256", c.sha256())
          .containsEntry("weights", "ema")
          .containsEntry("num_classes", "10");
      assertThat(b.metadata())
          .containsEntry("source", "ema.pt")
          .containsEntry("source_sha256", a.sha256())
          .containsEntry("weights", "ema")
          .containsEntry("num_heads", "3")
          .doesNotContainKey("numerics");
    }
  }

  @Test
  void autoencoderKeepsItsLayoutWithNewNames() {
    Path out = directory.resolve("vae.safetensors");
    convert(Reference.file("vae_oldkeys.bin"), out, OptionalInt.empty());
    assertBitsEqual(Reference.file("vae.safetensors"), out);
    Path bin = directory.resolve("vae.bin");
    convert(out, bin, OptionalInt.empty());
    assertBitsEqual(out, bin);
    assertThatThrownBy(() -> convert(out, bin, null, Layout.OFFICIAL))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("autoencoder");
  }

  @Test
  void otherNetworksChangeFormatOnly() {
    Path in = Reference.file("pickle_newer.pt");
    Path out = directory.resolve("a.safetensors");
    convert(in, out, OptionalInt.empty());
    try (Checkpoint a = Checkpoint.open(in, Choice.AUTO);
        Checkpoint b = Checkpoint.open(out, Choice.AUTO)) {
      assertBitsEqual(a, b);
    }
    assertThatThrownBy(() -> convert(in, directory.resolve("d"), null, Layout.DIFFUSERS))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("holds no DiT");
  }

  @Test
  void impossibleWishesAreRefusedAndLeaveNothing() throws IOException {
    Path in = Reference.file("dit_state.pt");
    Path out = directory.resolve("out");
    assertThatThrownBy(() -> convert(in, out, OptionalInt.empty()))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("--num-heads");
    assertThatThrownBy(() -> convert(in, out, OptionalInt.of(5)))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("does not divide into 5 heads");
    assertThatThrownBy(() -> convert(in, out, DType.I16, null))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("not I16");
    assertThatThrownBy(() -> convert(in, out, null, Layout.OFFICIAL))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("cannot tell the format");
    assertThatThrownBy(() -> convert(in, directory.resolve("a.pt"), null, Layout.DIFFUSERS))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("is a directory");
    assertThatThrownBy(() -> convert(in, directory.resolve("no/a.pt"), HEADS))
        .isInstanceOf(JditException.class);
    assertThat(files(directory)).isEmpty();
    assertThat(out).doesNotExist();
  }

  @Test
  void whatIsAssumedIsSaid() {
    Path in = directory.resolve("wide.safetensors");
    try (Checkpoint c = Checkpoint.open(Reference.file("dit_state.pt"), Choice.AUTO)) {
      // The same network 64 wide, of zeros.
      List<TensorEntry> entries =
          c.tensors().entrySet().stream()
              .map(
                  e -> {
                    var dims =
                        e.getValue().shape().dims().stream()
                            .map(d -> d % 48 == 0 ? d / 48 * 64 : d)
                            .toList();
                    var spec = e.getValue().with(new Shape(dims));
                    return TensorEntry.lazy(e.getKey(), spec, s -> s.zeros(spec));
                  })
              .toList();
      SafetensorsWriter.write(in, Map.of(), entries);
    }
    Converter.Result result = convert(in, directory.resolve("wide"), OptionalInt.empty());
    assertThat(result.remarks())
        .containsExactly(
            "1 heads assumed from width 64",
            "10 classes and a null class assumed from 11 label rows");
  }

  @Test
  void brokenAndOverflowingWeightsAreSaid() {
    Path in = directory.resolve("broken.safetensors");
    try (TensorScope scope = TensorScope.open(new Memory())) {
      SafetensorsWriter.write(
          in,
          Map.of(),
          List.of(
              TensorEntry.of("large", scope.of(Shape.of(2), 1f, -65520f)),
              TensorEntry.of("nan", scope.of(Shape.of(2), 1f, Float.NaN)),
              TensorEntry.of("sound", scope.of(Shape.of(3), 1f, 0f, 65519f))));
    }
    Path out = directory.resolve("out.safetensors");
    assertThat(convert(in, out, null, null).remarks())
        .containsExactly("nan holds values that are NaN, infinite or too large for F32");
    assertThat(convert(in, out, DType.F16, null).remarks())
        .containsExactlyInAnyOrder(
            "nan holds values that are NaN, infinite or too large for F16",
            "large holds values that are NaN, infinite or too large for F16");
  }

  private static Map<String, String> metadata(Path file) {
    try (Checkpoint c = Checkpoint.open(file, Choice.AUTO)) {
      return c.metadata();
    }
  }

  @Test
  void numericsFollowTheWeightsThroughTheLayouts() {
    Path fromDiffusers = directory.resolve("a.safetensors");
    convert(Reference.file("diffusers/dit"), fromDiffusers, OptionalInt.empty());
    assertThat(metadata(fromDiffusers)).containsEntry("numerics", "diffusers");
    Path andBack = directory.resolve("a");
    convert(fromDiffusers, andBack, OptionalInt.empty());
    assertThat(metadata(andBack)).containsEntry("numerics", "diffusers");

    Path fromOfficial = directory.resolve("b");
    convert(Reference.file("dit_state.pt"), fromOfficial, HEADS);
    assertThat(metadata(fromOfficial)).containsEntry("numerics", "official");
    try (Checkpoint c = Checkpoint.open(fromOfficial, Choice.AUTO)) {
      assertThat(DitKeys.official(c).metadata()).containsEntry("numerics", "official");
    }
    Path again = directory.resolve("b.pt");
    convert(fromOfficial, again, OptionalInt.empty());
    assertThat(metadata(again)).containsEntry("numerics", "official");
  }

  @Test
  void configurationOfAnAutoencoderIsKept() throws IOException {
    Path vae = Files.createDirectory(directory.resolve("vae"));
    Files.copy(
        Reference.file("vae.safetensors"), vae.resolve("diffusion_pytorch_model.safetensors"));
    Files.writeString(
        vae.resolve("config.json"),
        "{\"norm_num_groups\": 8, \"scaling_factor\": 0.5, \"block_out_channels\": [8, 16]}");
    for (String name : List.of("a.safetensors", "a.bin")) {
      Path out = directory.resolve(name);
      convert(vae, out, OptionalInt.empty());
      assertThat(metadata(out))
          .containsEntry("config.norm_num_groups", "8")
          .containsEntry("config.scaling_factor", "0.5")
          .containsEntry("config.block_out_channels", "[8,16]");
    }
  }

  /** The same network with other metadata and only so many rows in the label table. */
  private Path withLabelRows(int rows, Map<String, String> metadata) {
    Path file = directory.resolve("rows.safetensors");
    String labels = "y_embedder.embedding_table.weight";
    try (Checkpoint c = Checkpoint.open(Reference.file("dit_state.pt"), Choice.AUTO)) {
      List<TensorEntry> entries =
          c.tensors().entrySet().stream()
              .map(
                  e ->
                      e.getKey().equals(labels)
                          ? TensorEntry.lazy(
                              labels, Spec.f32(rows, 48), s -> s.zeros(Spec.f32(rows, 48)))
                          : TensorEntry.lazy(e.getKey(), e.getValue(), s -> c.map(e.getKey(), s)))
              .toList();
      SafetensorsWriter.write(file, metadata, entries);
    }
    return file;
  }

  @Test
  void labelTableWithoutNullClassHasNoLayoutOfDiffusers() {
    Path out = directory.resolve("out");
    for (Map<String, String> said :
        List.of(Map.<String, String>of(), Map.of("num_classes", "10"))) {
      assertThatThrownBy(() -> convert(withLabelRows(10, said), out, HEADS))
          .isInstanceOf(JditException.class)
          .hasMessageContaining("10 label rows")
          .hasMessageContaining("needs a null class");
    }
    assertThat(out).doesNotExist();
    Converter.Result result = convert(withLabelRows(10, Map.of("num_classes", "9")), out, HEADS);
    assertThat(result.remarks()).isEmpty();
    assertThat(metadata(out)).containsEntry("config.num_embeds_ada_norm", "9");
  }

  @Test
  void tensorsThatWouldBeLostAreRefusedByName() {
    Path out = directory.resolve("out.safetensors");
    assertThatThrownBy(() -> convert(Reference.file("foreign.pt"), out, OptionalInt.empty()))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("3 tensors of kinds that are not supported");
    assertThat(out).doesNotExist();
  }

  @Test
  void droppedPrefixIsSaid() {
    Path in = directory.resolve("in.safetensors");
    try (Checkpoint c = Checkpoint.open(Reference.file("dit_state.pt"), Choice.AUTO)) {
      SafetensorsWriter.write(
          in,
          Map.of(),
          c.tensors().entrySet().stream()
              .map(
                  e ->
                      TensorEntry.lazy(
                          "model." + e.getKey(), e.getValue(), s -> c.map(e.getKey(), s)))
              .toList());
    }
    Path out = directory.resolve("out.pt");
    assertThat(convert(in, out, HEADS).remarks())
        .containsExactly("taken are the tensors under model., without it");
    assertBitsEqual(Reference.file("dit_state.pt"), out);
  }
}
