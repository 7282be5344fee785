package org.jdit.weights;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Shape;
import org.jdit.tensor.io.TensorEntry;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.weights.torch.SavedValue;
import org.jdit.weights.torch.TorchWriter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files that are no checkpoint of a training, or one that does not fit together, say why. */
class TrainingCheckpointRefusalTest {
  @TempDir private Path directory;
  private TensorScope scope;
  private Map<String, SavedValue> parts;

  @BeforeEach
  void makeParts() {
    scope = TensorScope.open(new Memory());
    parts = TrainingSample.parts(scope);
  }

  @AfterEach
  void closeScope() {
    scope.close();
  }

  private void assertRefused(String why) {
    Path file = directory.resolve("c.pt");
    TrainingSample.write(file, parts);
    assertThatThrownBy(
            () -> {
              try (TrainingCheckpoint c = TrainingCheckpoint.open(file)) {
                c.steps();
              }
            })
        .isInstanceOf(JditException.class)
        .hasMessageStartingWith(file.toString())
        .hasMessageContaining(why);
  }

  /** The dict with one value changed, or left out if the change is to null. */
  private static SavedValue with(
      SavedValue dict, SavedValue.Scalar key, UnaryOperator<SavedValue> change) {
    Map<SavedValue.Scalar, SavedValue> all =
        new LinkedHashMap<>(((SavedValue.Dict) dict).entries());
    all.compute(key, (_, old) -> change.apply(old));
    return new SavedValue.Dict(all);
  }

  private void changeOptimizer(String key, UnaryOperator<SavedValue> change) {
    parts.compute("opt", (_, opt) -> with(opt, SavedValue.of(key), change));
  }

  private void changeGroup(String key, SavedValue value) {
    changeOptimizer(
        "param_groups",
        groups -> {
          SavedValue group = ((SavedValue.Sequence) groups).items().getFirst();
          return SavedValue.list(List.of(with(group, SavedValue.of(key), _ -> value)));
        });
  }

  private void changeState(long index, String key, SavedValue value) {
    changeOptimizer(
        "state",
        state ->
            with(state, SavedValue.of(index), one -> with(one, SavedValue.of(key), _ -> value)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"model", "ema", "opt", "args"})
  void everyPartIsNeeded(String part) {
    parts.remove(part);
    assertRefused("has no '" + part + "'; a training can be continued only from a whole");
  }

  @ParameterizedTest
  @ValueSource(strings = {"model", "ema", "opt", "jdit"})
  void partsAreDicts(String part) {
    parts.put(part, SavedValue.list(List.of()));
    assertRefused("has a '" + part + "' that is no dict");
  }

  @Test
  void onlyStateDictsAreNoTraining() {
    Path file = Reference.file("dit_state.pt");
    assertThatThrownBy(() -> TrainingCheckpoint.open(file))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("has no 'model'");
    Path list = directory.resolve("list.pt");
    TorchWriter.write(list, Map.of(), SavedValue.list(List.of()));
    assertThatThrownBy(() -> TrainingCheckpoint.open(list))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("holds no dict of a training");
  }

  @Test
  void averagesAreOfTheSameTensors() {
    SavedValue ema = parts.get("ema");
    parts.put("ema", SavedValue.Dict.of(Map.of("w", SavedValue.of(scope.of(Shape.of(1), 1f)))));
    assertRefused("has other tensors in 'model' than in 'ema'");
    List<TensorEntry> tensors =
        ((SavedValue.Tensors) ema)
            .tensors().stream()
                .map(t -> TensorEntry.of(t.name(), scope.of(Shape.of(1, 1), 1f)))
                .toList();
    parts.put("ema", new SavedValue.Tensors(tensors));
    assertRefused("has pos_embed of shape [1, 4] in 'model' and [1, 1] in 'ema'");
    parts.put("model", SavedValue.Dict.EMPTY);
    assertRefused("has no tensors in 'model'");
  }

  @Test
  void momentsAreOfTheirWeights() {
    changeState(1, "exp_avg", SavedValue.of(scope.of(Shape.of(3, 2), 1f, 2f, 3f, 4f, 5f, 6f)));
    assertRefused("has an exp_avg of shape [3, 2] for blocks.0.weight, which is of shape [2, 3]");
    changeState(1, "exp_avg", SavedValue.of(0.5));
    assertRefused("has optimizer state without exp_avg for blocks.0.weight");
    changeState(1, "exp_avg", null);
    assertRefused("has optimizer state without exp_avg for blocks.0.weight");
  }

  @Test
  void stepsAreCounts() {
    changeState(2, "step", SavedValue.of(scope.of(Shape.SCALAR, Float.NaN)));
    assertRefused("counts NaN steps for blocks.0.scale");
    changeState(2, "step", SavedValue.of(-1));
    assertRefused("counts -1.0 steps for blocks.0.scale");
    changeState(2, "step", SavedValue.of(1.5));
    assertRefused("counts 1.5 steps for blocks.0.scale");
    changeState(2, "step", SavedValue.of(scope.of(Shape.of(2), 1f, 2f)));
    assertRefused("has optimizer state without step for blocks.0.scale");
    changeState(2, "step", SavedValue.of("1"));
    assertRefused("has optimizer state without step for blocks.0.scale");
  }

  @Test
  void stateIsOfTheParameters() {
    changeOptimizer("state", s -> with(s, SavedValue.of(3), _ -> SavedValue.Dict.EMPTY));
    assertRefused("has optimizer state under 3, which is the number of no parameter");
    changeOptimizer("state", _ -> null);
    assertRefused("has an optimizer without 'state'");
  }

  @Test
  void optimizerHasOneGroupOfAllParameters() {
    changeGroup("params", SavedValue.list(List.of(SavedValue.of(0), SavedValue.of(1))));
    assertRefused("has an optimizer of 2 parameters that are not the 3 tensors of the model");
    changeGroup("params", SavedValue.NONE);
    assertRefused("has an optimizer of 0 parameters");
    changeOptimizer(
        "param_groups",
        g -> {
          SavedValue one = ((SavedValue.Sequence) g).items().getFirst();
          return SavedValue.list(List.of(one, one));
        });
    assertRefused("has an optimizer without the one param_group that train.py makes");
  }

  @Test
  void optimizerIsPlainAdamW() {
    changeGroup("lr", SavedValue.of("fast"));
    assertRefused("has a param_group whose 'lr' is not what AdamW has there");
    changeGroup("lr", SavedValue.of(0));
    changeGroup("betas", SavedValue.tuple(SavedValue.of(0.9)));
    assertRefused("has a param_group whose 'betas' is not what AdamW has there");
    changeGroup("betas", SavedValue.tuple(SavedValue.of(0.9), SavedValue.of(0.99)));
    changeGroup("maximize", SavedValue.of(true));
    assertRefused("has an AdamW with maximize, which is not supported");
    changeGroup("amsgrad", SavedValue.of(true));
    assertRefused("has an AdamW with amsgrad, which is not supported");
    changeGroup("decoupled_weight_decay", SavedValue.of(false));
    assertRefused("has an optimizer with coupled weight decay, not AdamW");
  }
}
