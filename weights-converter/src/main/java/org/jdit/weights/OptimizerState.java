package org.jdit.weights;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.io.TensorEntry;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.weights.pickle.PickleValue;
import org.jdit.weights.pickle.PickleValue.Dict;
import org.jdit.weights.pickle.PickleValue.Instance;
import org.jdit.weights.pickle.PickleValue.Scalar;
import org.jdit.weights.torch.SavedValue;
import org.jdit.weights.torch.StateDict;
import org.jdit.weights.torch.TorchFile;

/**
 * The {@code state_dict()} of an AdamW optimizer. torch numbers the parameters in the order of the
 * model's state dict; those that never got a gradient have a number, but no state.
 *
 * @param settings the numbers of its one group
 * @param steps updates of each parameter
 * @param expAvg first moments by parameter
 * @param expAvgSq second moments by parameter
 */
record OptimizerState(
    AdamWSettings settings, Map<String, PickleValue> steps, StateDict expAvg, StateDict expAvgSq) {
  private static final String STATE = "state";
  private static final String GROUPS = "param_groups";
  private static final String STEP = "step";
  private static final String EXP_AVG = "exp_avg";
  private static final String EXP_AVG_SQ = "exp_avg_sq";

  static SavedValue save(TrainingContents contents) {
    Map<SavedValue.Scalar, SavedValue> state = new LinkedHashMap<>();
    List<TensorEntry> model = contents.model();
    for (int i = 0; i < model.size(); i++) {
      TrainingContents.Moments m = contents.moments().get(model.get(i).name());
      if (m != null) {
        Map<String, SavedValue> one = new LinkedHashMap<>();
        one.put(STEP, new SavedValue.Stored(step(m.step())));
        one.put(EXP_AVG, new SavedValue.Stored(m.expAvg()));
        one.put(EXP_AVG_SQ, new SavedValue.Stored(m.expAvgSq()));
        state.put(SavedValue.of(i), SavedValue.Dict.of(one));
      }
    }
    Map<String, SavedValue> all = new LinkedHashMap<>();
    all.put(STATE, new SavedValue.Dict(state));
    all.put(GROUPS, contents.settings().groups(model.size()));
    return SavedValue.Dict.of(all);
  }

  private static TensorEntry step(long step) {
    return TensorEntry.lazy(STEP, Spec.f32(), scope -> scope.of(Shape.SCALAR, (float) step));
  }

  /**
   * Finds the state in a file.
   *
   * @param model the tensors of the model, in the order of its state dict
   */
  static OptimizerState of(TorchFile file, Dict optimizer, Map<String, Spec> model) {
    String source = file.source();
    List<String> names = List.copyOf(model.keySet());
    PickleValue groups = optimizer.get(GROUPS).orElse(PickleValue.NONE);
    AdamWSettings settings = AdamWSettings.of(groups, names.size(), source);
    if (!(optimizer.get(STATE).orElse(null) instanceof Dict state)) {
      throw new JditException(source + " has an optimizer without 'state'");
    }
    Map<Integer, Dict> byIndex = new TreeMap<>();
    for (Dict.Entry e : state.entries()) {
      if (!(e.key() instanceof Scalar(Long i))
          || i < 0
          || i >= names.size()
          || !(e.value() instanceof Dict one)) {
        throw new JditException(
            "%s has optimizer state under %s, which is the number of no parameter"
                .formatted(source, e.key()));
      }
      byIndex.put(i.intValue(), one);
    }
    return new OptimizerState(
        settings,
        field(byIndex, names, STEP, source),
        moments(file, byIndex, model, EXP_AVG),
        moments(file, byIndex, model, EXP_AVG_SQ));
  }

  private static Map<String, PickleValue> field(
      Map<Integer, Dict> state, List<String> names, String field, String source) {
    Map<String, PickleValue> values = new LinkedHashMap<>();
    state.forEach(
        (i, one) ->
            values.put(
                names.get(i),
                one.get(field).orElseThrow(() -> lacks(source, field, names.get(i)))));
    return values;
  }

  private static StateDict moments(
      TorchFile file, Map<Integer, Dict> state, Map<String, Spec> model, String field) {
    List<String> names = List.copyOf(model.keySet());
    Map<String, PickleValue> values = field(state, names, field, file.source());
    StateDict tensors = file.tensors(values);
    for (String name : values.keySet()) {
      Spec spec = tensors.tensors().get(name);
      if (spec == null) {
        throw lacks(file.source(), field, name);
      }
      if (!spec.shape().equals(model.get(name).shape())) {
        throw new JditException(
            "%s has an %s of shape %s for %s, which is of shape %s; they are of different models"
                .formatted(file.source(), field, spec.shape(), name, model.get(name).shape()));
      }
    }
    return tensors;
  }

  private static JditException lacks(String source, String field, String name) {
    return new JditException(
        "%s has optimizer state without %s for %s".formatted(source, field, name));
  }

  /** The updates of each parameter; reads them from the file. */
  Map<String, Long> readSteps(TorchFile file) {
    StateDict tensors = file.tensors(steps);
    Map<String, Long> read = new LinkedHashMap<>();
    try (TensorScope scope = TensorScope.open(new Memory())) {
      steps.forEach((name, value) -> read.put(name, step(file, tensors, name, value, scope)));
    }
    return read;
  }

  private static long step(
      TorchFile file, StateDict tensors, String name, PickleValue value, TensorScope scope) {
    Spec spec = tensors.tensors().get(name);
    if (spec != null && spec.shape().numel() != 1) {
      throw lacks(file.source(), STEP, name);
    }
    double step =
        switch (value) {
          // Before torch 1.12 it was a plain number.
          case Scalar(Long n) -> n;
          case Scalar(Double d) -> d;
          case Instance _ when spec != null -> tensors.map(name, scope).toDoubles()[0];
          default -> throw lacks(file.source(), STEP, name);
        };
    if (!(step >= 0 && step == Math.rint(step) && step < Long.MAX_VALUE)) {
      throw new JditException(
          "%s counts %s steps for %s; it may be damaged".formatted(file.source(), step, name));
    }
    return (long) step;
  }
}
