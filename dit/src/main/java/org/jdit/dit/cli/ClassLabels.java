package org.jdit.dit.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import org.jdit.tensor.JditException;

/**
 * Class labels as users write them: numbers, or names where the checkpoint has the 1000 classes of
 * ImageNet (ILSVRC 2012, in the order of their synset numbers).
 */
final class ClassLabels {
  private static final int IMAGENET = 1000;
  private static final int SUGGESTIONS = 3;
  private static final List<Integer> OFFICIAL = List.of(207, 360, 387, 974, 88, 979, 417, 279);

  private final int numClasses;
  private final List<List<String>> names;

  /** Labels of a model with that many classes. */
  ClassLabels(int numClasses) {
    this.numClasses = numClasses;
    this.names = numClasses == IMAGENET ? imageNet() : List.of();
  }

  /** Labels of a model whose classes have these names. */
  ClassLabels(List<String> classes) {
    this.numClasses = classes.size();
    this.names = classes.stream().map(List::of).toList();
  }

  /**
   * Numbers of a comma-separated list of numbers and names.
   *
   * @throws JditException if a number is out of range or a name unknown; the nearest are suggested
   */
  List<Integer> parse(String list) {
    List<Integer> labels = new ArrayList<>();
    for (String item : list.split(",", -1)) {
      String label = item.strip();
      if (label.matches("-?\\d{1,9}")) {
        labels.add(number(Integer.parseInt(label)));
      } else if (!label.isEmpty()) {
        labels.add(named(label));
      }
    }
    if (labels.isEmpty()) {
      throw new JditException("no class label in '" + list + "': give numbers or names");
    }
    return labels;
  }

  /** The classes of the official sample.py; the first eight where the classes are others. */
  List<Integer> official() {
    return numClasses != IMAGENET
        ? IntStream.range(0, Math.min(OFFICIAL.size(), numClasses)).boxed().toList()
        : OFFICIAL;
  }

  private int number(int label) {
    if (label < 0 || label >= numClasses) {
      throw new JditException(
          "class label %d is out of range: the model has classes 0 to %d"
              .formatted(label, numClasses - 1));
    }
    return label;
  }

  private int named(String name) {
    if (names.isEmpty()) {
      throw new JditException(
          "class label '%s' is not a number, and a model of %d classes has no names known here"
              .formatted(name, numClasses));
    }
    Map<String, List<Integer>> byName = new HashMap<>();
    for (int i = 0; i < names.size(); i++) {
      for (String n : names.get(i)) {
        byName.computeIfAbsent(n.toLowerCase(Locale.ROOT), _ -> new ArrayList<>()).add(i);
      }
    }
    String wanted = name.toLowerCase(Locale.ROOT).replace('_', ' ');
    List<Integer> labels = byName.getOrDefault(wanted, List.of());
    if (labels.size() > 1) {
      throw new JditException(
          "several classes are called '%s': give one of the numbers %s".formatted(name, labels));
    }
    if (labels.size() == 1) {
      return labels.getFirst();
    }
    List<String> near =
        byName.keySet().stream()
            .sorted(
                Comparator.comparingInt((String n) -> distance(wanted, n))
                    .thenComparing(Comparator.naturalOrder()))
            .limit(SUGGESTIONS)
            .map(n -> "%s (%d)".formatted(n, byName.get(n).getFirst()))
            .toList();
    throw new JditException(
        "no class is called '%s'; near: %s".formatted(name, String.join(", ", near)));
  }

  /**
   * Edit distance, where text left over at the end of a name that contains the wanted one is cheap.
   */
  private static int distance(String wanted, String name) {
    if (name.contains(wanted)) {
      return 0;
    }
    int[] row = new int[name.length() + 1];
    Arrays.setAll(row, i -> i);
    for (int i = 1; i <= wanted.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= name.length(); j++) {
        int substitute = diagonal + (wanted.charAt(i - 1) == name.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(substitute, Math.min(row[j], row[j - 1]) + 1);
      }
    }
    return row[name.length()];
  }

  private static List<List<String>> imageNet() {
    try (InputStream in = ClassLabels.class.getResourceAsStream("imagenet-classes.txt")) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .map(line -> Arrays.stream(line.split(",", -1)).map(String::strip).toList())
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
