package org.jdit.dit.train.log;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jdit.tensor.JditException;
import org.jdit.tensor.io.AtomicFile;

/**
 * The numbers of a run, twice: {@code metrics.csv} with a header, and {@code metrics.jsonl} with an
 * object a line, where a NaN or an infinity is {@code null}. Numbers are written so that the same
 * {@code double} is read back. A value that was not measured is an empty cell, and missing in the
 * object. Every record reaches the operating system before the call returns, so a process that is
 * killed loses at most the record it was writing. Not for use by several threads at once.
 */
public final class MetricsLog implements AutoCloseable {
  private static final String CSV = "metrics.csv";
  private static final String JSON = "metrics.jsonl";

  private final MetricsTable table;
  private final LogFile csv;
  private final LogFile json;
  private long last;

  /** Goes on in the files, which hold records up to {@code last}. */
  private MetricsLog(Path directory, MetricsTable table, long last) {
    this.table = table;
    this.last = last;
    csv = LogFile.open(directory.resolve(CSV), StandardOpenOption.APPEND);
    try {
      json = LogFile.open(directory.resolve(JSON), StandardOpenOption.APPEND);
    } catch (JditException e) {
      csv.close();
      throw e;
    }
  }

  /**
   * Goes on with the log of a run. Records beyond {@code step} and one that was not written to its
   * end are dropped, so that the files become those of a run that was never ended. Where there is
   * no {@code metrics.csv}, both files are begun anew.
   *
   * @param directory the run's directory, which exists
   * @param columns the names after {@code step}, of letters, digits and {@code _ . / -}
   * @param step the last step that is kept
   * @throws IllegalArgumentException if a name has other characters, is {@code step} or comes twice
   * @throws JditException if the log has other columns or a line that is no record, or if it cannot
   *     be read or written
   */
  public static MetricsLog resume(Path directory, List<String> columns, long step) {
    Path file = directory.resolve(CSV);
    MetricsTable table = new MetricsTable(columns);
    if (!Files.exists(file)) {
      return begin(directory, table, List.of());
    }
    Content content = Content.read(file);
    if (!content.table.equals(table)) {
      throw new JditException(
          "cannot resume the log %s: its columns are %s, but this run has %s; move it away, or resume with the options and the version that began it"
              .formatted(file, content.table.header(), table.header()));
    }
    return begin(directory, table, content.records.stream().filter(r -> r.step() <= step).toList());
  }

  /**
   * Reads the records of a run, also while it is going on.
   *
   * @param directory the run's directory
   * @return the records, by rising steps
   * @throws JditException if there is no log, or it has a line that is no record
   */
  public static List<Metrics> read(Path directory) {
    return Content.read(directory.resolve(CSV)).records;
  }

  /**
   * The step of the last record; -1 if there is none.
   *
   * @param directory the run's directory
   * @throws JditException if the log has a line that is no record
   */
  public static long lastStep(Path directory) {
    if (!Files.exists(directory.resolve(CSV))) {
      return -1;
    }
    List<Metrics> records = read(directory);
    return records.isEmpty() ? -1 : records.getLast().step();
  }

  /** Both files are written from the same records, so a kill between them leaves no trace. */
  private static MetricsLog begin(Path directory, MetricsTable table, List<Metrics> records) {
    write(directory.resolve(CSV), table.header() + "\n", records, table::csv);
    write(directory.resolve(JSON), "", records, table::json);
    return new MetricsLog(directory, table, records.isEmpty() ? -1 : records.getLast().step());
  }

  private static void write(
      Path file, String header, List<Metrics> records, Function<Metrics, String> line) {
    StringBuilder text = new StringBuilder(header);
    records.forEach(r -> text.append(line.apply(r)).append('\n'));
    AtomicFile.write(file, text.toString().getBytes(UTF_8));
  }

  /**
   * Adds a record.
   *
   * @throws IllegalArgumentException if the step is not beyond the last record's, or there is no
   *     such column
   * @throws JditException if it cannot be written
   */
  public void add(Metrics metrics) {
    if (metrics.step() <= last) {
      throw new IllegalArgumentException("step %d after %d".formatted(metrics.step(), last));
    }
    table.check(metrics);
    csv.append((table.csv(metrics) + "\n").getBytes(UTF_8));
    json.append((table.json(metrics) + "\n").getBytes(UTF_8));
    last = metrics.step();
  }

  @Override
  public void close() {
    try (csv) {
      json.close();
    }
  }

  /** What a {@code metrics.csv} says, but for a last line without its end. */
  private record Content(MetricsTable table, List<Metrics> records) {
    static Content read(Path file) {
      List<String> lines = completeLines(file);
      if (lines.isEmpty()) {
        throw damaged(file, 1, null);
      }
      MetricsTable table = header(file, lines.getFirst());
      List<Metrics> records = new ArrayList<>();
      for (int i = 1; i < lines.size(); i++) {
        records.add(record(file, i + 1, table, lines.get(i)));
        if (i > 1 && records.get(i - 1).step() <= records.get(i - 2).step()) {
          throw damaged(file, i + 1, null);
        }
      }
      return new Content(table, List.copyOf(records));
    }

    private static List<String> completeLines(Path file) {
      try {
        String text = Files.readString(file, UTF_8);
        return text.substring(0, text.lastIndexOf('\n') + 1).lines().toList();
      } catch (NoSuchFileException e) {
        throw new JditException("cannot read the log " + file + ": it does not exist", e);
      } catch (IOException e) {
        throw new JditException("cannot read the log %s: %s".formatted(file, e.getMessage()), e);
      }
    }

    private static MetricsTable header(Path file, String line) {
      try {
        return MetricsTable.ofHeader(line);
      } catch (IllegalArgumentException e) {
        throw damaged(file, 1, e);
      }
    }

    private static Metrics record(Path file, int number, MetricsTable table, String line) {
      try {
        return table.parse(line);
      } catch (IllegalArgumentException e) {
        throw damaged(file, number, e);
      }
    }

    private static JditException damaged(Path file, int line, IllegalArgumentException cause) {
      return new JditException(
          "cannot read the log %s: line %d is not one that a run writes; mend it or move the file away"
              .formatted(file, line),
          cause);
    }
  }
}
