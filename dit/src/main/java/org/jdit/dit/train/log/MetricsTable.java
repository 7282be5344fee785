package org.jdit.dit.train.log;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * How records are written as lines, without their line ends. Names are so plain that neither form
 * has to quote anything.
 *
 * @param columns the names after {@code step}
 */
record MetricsTable(List<String> columns) {
  private static final String STEP = "step";
  private static final Pattern NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_./-]*");

  MetricsTable {
    columns = List.copyOf(columns);
    for (String name : columns) {
      if (!NAME.matcher(name).matches() || name.equals(STEP)) {
        throw new IllegalArgumentException("'" + name + "' cannot be a column");
      }
    }
    if (new HashSet<>(columns).size() < columns.size()) {
      throw new IllegalArgumentException("a column twice in " + columns);
    }
  }

  String header() {
    return Stream.concat(Stream.of(STEP), columns.stream()).collect(Collectors.joining(","));
  }

  static MetricsTable ofHeader(String header) {
    List<String> names = List.of(header.split(",", -1));
    if (!names.getFirst().equals(STEP)) {
      throw new IllegalArgumentException("no column '" + STEP + "'");
    }
    return new MetricsTable(names.subList(1, names.size()));
  }

  void check(Metrics metrics) {
    for (String name : metrics.values().keySet()) {
      if (!columns.contains(name)) {
        throw new IllegalArgumentException("no column '" + name + "' in " + columns);
      }
    }
  }

  String csv(Metrics metrics) {
    StringBuilder line = new StringBuilder().append(metrics.step());
    for (String name : columns) {
      Double value = metrics.values().get(name);
      line.append(',').append(value == null ? "" : number(value));
    }
    return line.toString();
  }

  /** JSON has no NaN and no infinity; they are null. */
  String json(Metrics metrics) {
    StringBuilder line = new StringBuilder("{\"step\":").append(metrics.step());
    for (String name : columns) {
      Double value = metrics.values().get(name);
      if (value != null) {
        line.append(",\"").append(name).append("\":");
        line.append(Double.isFinite(value) ? number(value) : "null");
      }
    }
    return line.append('}').toString();
  }

  /**
   * The record that {@link #csv} wrote.
   *
   * @throws IllegalArgumentException if it is none of this table
   */
  Metrics parse(String csv) {
    List<String> cells = new ArrayList<>(List.of(csv.split(",", -1)));
    if (cells.size() != columns.size() + 1) {
      throw new IllegalArgumentException(cells.size() + " cells");
    }
    long step = Long.parseLong(cells.removeFirst());
    Map<String, Double> values = new HashMap<>();
    for (int i = 0; i < cells.size(); i++) {
      if (!cells.get(i).isEmpty()) {
        values.put(columns.get(i), Double.valueOf(cells.get(i)));
      }
    }
    return new Metrics(step, values);
  }

  /** Read back, it is the same number; whole ones are written as such. */
  private static String number(double value) {
    long whole = (long) value;
    boolean plain = Math.abs(value) < 1e15 && Double.compare((double) whole, value) == 0;
    return plain ? Long.toString(whole) : Double.toString(value);
  }
}
