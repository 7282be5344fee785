package org.jdit.weights;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.LongStream;
import org.jdit.tensor.JditException;
import org.jdit.weights.pickle.PickleValue;
import org.jdit.weights.pickle.PickleValue.Scalar;
import org.jdit.weights.pickle.PickleValue.Sequence;
import org.jdit.weights.torch.SavedValue;

/**
 * The numbers of an AdamW optimizer, those of the one {@code param_group} that train.py has.
 *
 * @param lr learning rate
 * @param beta1 decay of the mean of the gradients
 * @param beta2 decay of the mean of their squares
 * @param eps what is added to the root of the second mean
 * @param weightDecay decoupled weight decay, before it is multiplied by the learning rate
 */
public record AdamWSettings(double lr, double beta1, double beta2, double eps, double weightDecay) {
  private static final String PARAMS = "params";
  private static final String BETAS = "betas";

  /** The {@code param_groups} of an optimizer of so many parameters, as torch 2.13 saves them. */
  SavedValue groups(int parameters) {
    Map<String, SavedValue> group = new LinkedHashMap<>();
    group.put("lr", SavedValue.of(lr));
    group.put(BETAS, SavedValue.tuple(SavedValue.of(beta1), SavedValue.of(beta2)));
    group.put("eps", SavedValue.of(eps));
    group.put("weight_decay", SavedValue.of(weightDecay));
    group.put("amsgrad", SavedValue.of(false));
    group.put("maximize", SavedValue.of(false));
    group.put("foreach", SavedValue.NONE);
    group.put("capturable", SavedValue.of(false));
    group.put("differentiable", SavedValue.of(false));
    group.put("fused", SavedValue.NONE);
    group.put("decoupled_weight_decay", SavedValue.of(true));
    List<SavedValue.Scalar> params =
        LongStream.range(0, parameters).mapToObj(SavedValue::of).toList();
    group.put(PARAMS, SavedValue.list(params));
    return SavedValue.list(List.of(SavedValue.Dict.of(group)));
  }

  /**
   * Reads {@code param_groups}.
   *
   * @param parameters how many parameters the model has
   * @throws JditException if there are several groups, other parameters or another optimizer
   */
  static AdamWSettings of(PickleValue groups, int parameters, String source) {
    if (!(groups instanceof Sequence all)
        || all.items().size() != 1
        || !(all.items().getFirst() instanceof PickleValue.Dict group)) {
      throw new JditException(
          source + " has an optimizer without the one param_group that train.py makes");
    }
    checkParameters(group, parameters, source);
    List<Double> betas =
        group.get(BETAS).orElse(null) instanceof Sequence s
            ? s.items().stream().map(b -> number(b, BETAS, source)).toList()
            : List.of();
    if (betas.size() != 2) {
      throw noNumber(BETAS, source);
    }
    AdamWSettings settings =
        new AdamWSettings(
            number(group, "lr", source),
            betas.get(0),
            betas.get(1),
            number(group, "eps", source),
            number(group, "weight_decay", source));
    boolean coupled = group.get("decoupled_weight_decay").filter(is(false)).isPresent();
    if (coupled && settings.weightDecay != 0) {
      throw new JditException(source + " has an optimizer with coupled weight decay, not AdamW");
    }
    for (String variant : List.of("amsgrad", "maximize")) {
      if (group.get(variant).filter(is(true)).isPresent()) {
        throw new JditException(
            "%s has an AdamW with %s, which is not supported; train without it"
                .formatted(source, variant));
      }
    }
    return settings;
  }

  private static Predicate<PickleValue> is(boolean wanted) {
    return v -> v instanceof Scalar(Boolean b) && b == wanted;
  }

  private static void checkParameters(PickleValue.Dict group, int parameters, String source) {
    List<PickleValue> indexes =
        group.get(PARAMS).orElse(null) instanceof Sequence s ? s.items() : List.of();
    List<PickleValue> expected =
        LongStream.range(0, parameters).<PickleValue>mapToObj(Scalar::new).toList();
    if (!indexes.equals(expected)) {
      throw new JditException(
          ("%s has an optimizer of %d parameters that are not the %d tensors of the model one by"
                  + " one; only an optimizer of all of model.parameters() can be read")
              .formatted(source, indexes.size(), parameters));
    }
  }

  private static double number(PickleValue.Dict group, String key, String source) {
    return number(group.get(key).orElse(PickleValue.NONE), key, source);
  }

  private static double number(PickleValue value, String key, String source) {
    return switch (value) {
      case Scalar(Double d) -> d;
      case Scalar(Long n) -> n;
      default -> throw noNumber(key, source);
    };
  }

  private static JditException noNumber(String key, String source) {
    return new JditException(
        "%s has a param_group whose '%s' is not what AdamW has there; only AdamW can be read"
            .formatted(source, key));
  }
}
