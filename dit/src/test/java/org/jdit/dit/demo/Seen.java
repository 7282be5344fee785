package org.jdit.dit.demo;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * What pictures were taken for.
 *
 * @param pictures with what they should show
 * @param as what each was taken for
 */
record Seen(List<Picture> pictures, List<Integer> as) {
  /** The share that was taken for what it should show. */
  double share() {
    long right =
        IntStream.range(0, as.size()).filter(i -> pictures.get(i).label() == as.get(i)).count();
    return (double) right / as.size();
  }

  /** A line for each class: its share, and what the others were taken for. */
  List<String> table() {
    List<String> names = DemoDrawings.CLASSES;
    List<String> lines = new ArrayList<>();
    for (int label = 0; label < names.size(); label++) {
      int k = label;
      List<Integer> seen =
          IntStream.range(0, as.size())
              .filter(i -> pictures.get(i).label() == k)
              .mapToObj(as::get)
              .toList();
      long right = seen.stream().filter(s -> s == k).count();
      String wrong =
          seen.stream()
              .filter(s -> s != k)
              .collect(Collectors.groupingBy(s -> s, Collectors.counting()))
              .entrySet()
              .stream()
              .sorted(Comparator.comparingLong(e -> -e.getValue()))
              .map(e -> e.getValue() + " as " + names.get(e.getKey()))
              .collect(Collectors.joining(", "));
      lines.add(
          "  %-10s %3d of %3d  %s"
              .formatted(names.get(k), right, seen.size(), wrong)
              .stripTrailing());
    }
    return lines;
  }
}
