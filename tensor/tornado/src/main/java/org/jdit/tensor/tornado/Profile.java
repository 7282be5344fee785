package org.jdit.tensor.tornado;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jdit.tensor.spi.TaskTime;

/** The times that TornadoVM's profiler reports, summed up by task. */
final class Profile {
  /** One task in the profiler's log: its name, and its time on the device. */
  private static final Pattern TASK =
      Pattern.compile(
          "\"([^\"]+\\.t\\d+_([^\"]+))\": \\{[^}]*?\"TASK_KERNEL_TIME\": \"(\\d+)\"[^}]*}");

  private final Map<String, TaskTime> times = new LinkedHashMap<>();

  /** Adds what the profiler says of one execution. */
  void add(String log) {
    Matcher m = TASK.matcher(log);
    while (m.find()) {
      times.merge(
          m.group(1),
          new TaskTime(m.group(1), m.group(2), 1, Long.parseLong(m.group(3))),
          (a, b) ->
              new TaskTime(a.task(), a.kernel(), a.count() + b.count(), a.nanos() + b.nanos()));
    }
  }

  /** The sums so far, in the order of the first executions. */
  List<TaskTime> times() {
    return List.copyOf(times.values());
  }
}
