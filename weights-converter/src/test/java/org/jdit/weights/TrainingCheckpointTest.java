package org.jdit.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.io.TensorEntry;
import org.jdit.tensor.io.TensorFile;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.weights.Checkpoint.Choice;
import org.jdit.weights.TrainingContents.Moments;
import org.jdit.weights.torch.SavedValue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;

/** Checkpoints of trainings, written here and by train.py. */
class TrainingCheckpointTest {
  // Sums of up to 12288 numbers in double: the order of summation changes some of the last bits.
  private static final double SUM = 1e-9;

  @TempDir private Path directory;

  private static void assertSame(TensorFile read, List<TensorEntry> written) {
    assertThat(List.copyOf(read.tensors().keySet()))
        .isEqualTo(written.stream().map(TensorEntry::name).toList());
    written.forEach(t -> assertSame(read, t.name(), t));
  }

  private static void assertSame(TensorFile read, String name, TensorEntry written) {
    try (TensorScope scope = TensorScope.open(new Memory())) {
      Tensor t = read.map(name, scope);
      written
          .content()
          .writeTo(w -> assertThat(Values.sameBits(t, w)).as("bits of %s", name).isTrue());
    }
  }

  private static void assertSame(TensorFile a, TensorFile b) {
    assertThat(List.copyOf(a.tensors().keySet())).isEqualTo(List.copyOf(b.tensors().keySet()));
    assertSame(a, entries(b));
  }

  private static List<TensorEntry> entries(TensorFile file) {
    return file.tensors().keySet().stream().map(name -> entry(file, name)).toList();
  }

  private static TensorEntry entry(TensorFile file, String name) {
    return TensorEntry.lazy(name, file.tensors().get(name), scope -> file.map(name, scope));
  }

  @Test
  void everythingReadsBackBitForBit() {
    Path path = directory.resolve("0000003.pt");
    try (TensorScope scope = TensorScope.open(new Memory())) {
      TrainingContents written = TrainingSample.contents(scope);
      TrainingCheckpoint.write(path, written);
      try (TrainingCheckpoint read = TrainingCheckpoint.open(path)) {
        assertSame(read.model(), written.model());
        assertSame(read.ema(), written.ema());
        List<String> trained = List.copyOf(written.moments().keySet());
        assertThat(List.copyOf(read.expAvg().tensors().keySet())).isEqualTo(trained);
        assertThat(List.copyOf(read.expAvgSq().tensors().keySet())).isEqualTo(trained);
        written
            .moments()
            .forEach(
                (name, m) -> {
                  assertSame(read.expAvg(), name, m.expAvg());
                  assertSame(read.expAvgSq(), name, m.expAvgSq());
                });
        assertThat(read.steps())
            .isEqualTo(Map.of("blocks.0.weight", 123_457L, "blocks.0.scale", 3L));
        assertThat(read.settings()).isEqualTo(TrainingSample.SETTINGS);
        assertThat(List.copyOf(read.args().entrySet()))
            .isEqualTo(List.copyOf(TrainingSample.args().entrySet()));
        assertSameValue(read.jdit(), written.jdit());
      }
    }
  }

  private static void assertSameValue(SavedValue read, SavedValue written) {
    switch (written) {
      case SavedValue.Scalar s -> assertThat(read).isEqualTo(s);
      case SavedValue.Stored t -> {
        TensorEntry entry = ((SavedValue.Stored) read).entry();
        assertThat(entry.spec()).isEqualTo(t.entry().spec());
        entry
            .content()
            .writeTo(
                a -> t.entry().content().writeTo(b -> assertThat(Values.sameBits(a, b)).isTrue()));
      }
      case SavedValue.Sequence s -> {
        assertThat(((SavedValue.Sequence) read).kind()).isEqualTo(s.kind());
        List<SavedValue> items = ((SavedValue.Sequence) read).items();
        assertThat(items).hasSameSizeAs(s.items());
        for (int i = 0; i < items.size(); i++) {
          assertSameValue(items.get(i), s.items().get(i));
        }
      }
      case SavedValue.Dict d -> {
        Map<SavedValue.Scalar, SavedValue> entries = ((SavedValue.Dict) read).entries();
        assertThat(List.copyOf(entries.keySet())).isEqualTo(List.copyOf(d.entries().keySet()));
        d.entries().forEach((k, v) -> assertSameValue(entries.get(k), v));
      }
      case SavedValue.Tensors _ -> throw new AssertionError("the sample has none");
    }
  }

  @Test
  void checkpointOfTrainPyHasTheNumbersThatTorchSaw() {
    JsonNode expected = Reference.json("dit_train.json");
    JsonNode sums = expected.get("tensors");
    try (TrainingCheckpoint c = TrainingCheckpoint.open(Reference.file("dit_train.pt"))) {
      List<String> names = List.copyOf(c.model().tensors().keySet());
      assertThat(names).hasSize(32).startsWith("pos_embed");
      List<String> trained = names.subList(1, 32);
      assertThat(List.copyOf(c.expAvg().tensors().keySet())).isEqualTo(trained);
      int seen = 0;
      for (int i = 0; i < names.size(); i++) {
        String name = names.get(i);
        assertSums(c.model(), name, sums.get("model/" + name));
        assertSums(c.ema(), name, sums.get("ema/" + name));
        seen += 2;
        if (i > 0) {
          assertSums(c.expAvg(), name, sums.get("opt/" + i + "/exp_avg"));
          assertSums(c.expAvgSq(), name, sums.get("opt/" + i + "/exp_avg_sq"));
          long step = sums.get("opt/" + i + "/step").get("first").asLong();
          assertThat(c.steps()).containsEntry(name, step);
          seen += 3;
        }
      }
      assertThat(seen).isEqualTo(sums.size());
      JsonNode group = expected.get("param_groups").get(0);
      assertThat(c.settings())
          .isEqualTo(
              new AdamWSettings(
                  group.get("lr").asDouble(),
                  group.get("betas").get(0).asDouble(),
                  group.get("betas").get(1).asDouble(),
                  group.get("eps").asDouble(),
                  group.get("weight_decay").asDouble()));
      JsonNode args = expected.get("args");
      assertThat(c.args()).hasSize(args.size());
      args.forEachEntry(
          (key, value) ->
              assertThat(c.args())
                  .containsEntry(
                      key,
                      value.isString()
                          ? SavedValue.of(value.asString())
                          : SavedValue.of(value.asLong())));
      assertThat(c.jdit()).isEqualTo(SavedValue.Dict.EMPTY);
    }
  }

  private static void assertSums(TensorFile file, String name, JsonNode expected) {
    try (TensorScope scope = TensorScope.open(new Memory())) {
      double[] x = file.map(name, scope).toDoubles();
      assertThat(Arrays.stream(x).sum()).isCloseTo(expected.get("sum").asDouble(), within(SUM));
      assertThat(Arrays.stream(x).map(Math::abs).sum())
          .isCloseTo(expected.get("abs_sum").asDouble(), within(SUM));
      assertThat(x[0]).isEqualTo(expected.get("first").asDouble());
    }
  }

  private static void writeAgain(TrainingCheckpoint c, Path to) {
    Map<String, Moments> moments = new LinkedHashMap<>();
    c.steps()
        .forEach(
            (name, step) ->
                moments.put(
                    name, new Moments(step, entry(c.expAvg(), name), entry(c.expAvgSq(), name))));
    TrainingCheckpoint.write(
        to,
        new TrainingContents(
            entries(c.model()), entries(c.ema()), moments, c.settings(), c.args(), c.jdit()));
  }

  @Test
  void checkpointOfTrainPyIsTheSameWhenWrittenAgain() throws Exception {
    Path first = directory.resolve("first.pt");
    Path second = directory.resolve("second.pt");
    try (TrainingCheckpoint official = TrainingCheckpoint.open(Reference.file("dit_train.pt"))) {
      writeAgain(official, first);
      try (TrainingCheckpoint own = TrainingCheckpoint.open(first)) {
        assertSame(own.model(), official.model());
        assertSame(own.ema(), official.ema());
        assertSame(own.expAvg(), official.expAvg());
        assertSame(own.expAvgSq(), official.expAvgSq());
        assertThat(own.steps()).isEqualTo(official.steps());
        assertThat(own.settings()).isEqualTo(official.settings());
        assertThat(own.args()).isEqualTo(official.args());
        writeAgain(own, second);
      }
    }
    assertThat(Files.mismatch(first, second)).isEqualTo(-1);
  }

  @ParameterizedTest
  @EnumSource(Choice.class)
  void weightsAreFoundAsInThoseOfTrainPy(Choice choice) {
    Path own = directory.resolve("own.pt");
    try (TrainingCheckpoint official = TrainingCheckpoint.open(Reference.file("dit_train.pt"))) {
      writeAgain(official, own);
    }
    try (Checkpoint a = Checkpoint.open(Reference.file("dit_train.pt"), choice);
        Checkpoint b = Checkpoint.open(own, choice)) {
      assertSame(a, b);
      assertThat(b.metadata()).isEqualTo(a.metadata()).containsEntry("num_classes", "10");
    }
  }

  @Test
  void replacingWritesWhileTheOldOneIsMapped() {
    Path path = directory.resolve("c.pt");
    try (TensorScope scope = TensorScope.open(new Memory())) {
      TrainingCheckpoint.write(path, TrainingSample.contents(scope));
      try (TrainingCheckpoint c = TrainingCheckpoint.open(path)) {
        writeAgain(c, path);
        assertSame(c.model(), TrainingSample.contents(scope).model());
      }
      try (TrainingCheckpoint c = TrainingCheckpoint.open(path)) {
        assertSame(c.ema(), TrainingSample.contents(scope).ema());
      }
    }
  }

  @Test
  void contentsThatDoNotFitOneAnotherAreRefused() {
    try (TensorScope scope = TensorScope.open(new Memory())) {
      TrainingContents good = TrainingSample.contents(scope);
      Map<String, Moments> unknown =
          Map.of("nowhere", TrainingSample.moments(scope, 1, Shape.of(2, 3)));
      Map<String, Moments> misshapen =
          Map.of("blocks.0.scale", TrainingSample.moments(scope, 1, Shape.of(1)));
      List<TensorEntry> otherShape =
          good.ema().stream()
              .map(t -> new TensorEntry(t.name(), Spec.f32(7), t.content()))
              .toList();
      assertRefused(good, good.ema().reversed(), good.moments(), "different keys");
      assertRefused(good, otherShape, good.moments(), "weight pos_embed is of shape [1, 4], not");
      assertRefused(good, good.ema(), unknown, "moments of nowhere, which is no weight");
      assertRefused(good, good.ema(), misshapen, "weight blocks.0.scale is of shape [], not [1]");
    }
  }

  private static void assertRefused(
      TrainingContents good, List<TensorEntry> ema, Map<String, Moments> moments, String why) {
    assertThatThrownBy(
            () ->
                new TrainingContents(
                    good.model(), ema, moments, good.settings(), good.args(), good.jdit()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(why);
  }
}
