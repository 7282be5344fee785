package org.jdit.tensor.tornado;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jdit.tensor.spi.TaskTime;

/** The times that TornadoVM's profiler reports, summed up by task. */
final class Profile {
  /** One task in the profiler's log: its name, its kernel, and its times. */
  private static final Pattern TASK = Pattern.compile("\"([^\"]+\\.t\\d+_([^\"]+))\": (\\{[^}]*})");

  private static final Pattern RUN = Pattern.compile("\"TASK_KERNEL_TIME\": \"(\\d+)\"");

  /** TornadoVM's compiler, and then the driver's. */
  private static final Pattern COMPILE =
      Pattern.compile("\"TASK_COMPILE_(?:GRAAL|DRIVER)_TIME\": \"(\\d+)\"");

  private final Map<String, TaskTime> times = new LinkedHashMap<>();

  /** Adds what the profiler says of one execution. */
  void add(String log) {
    Matcher m = TASK.matcher(log);
    while (m.find()) {
      TaskTime time =
          new TaskTime(m.group(1), m.group(2), 1, sum(RUN, m.group(3)), sum(COMPILE, m.group(3)));
      times.merge(time.task(), time, TaskTime::plus);
    }
  }

  private static long sum(Pattern field, String task) {
    return field.matcher(task).results().mapToLong(r -> Long.parseLong(r.group(1))).sum();
  }

  /** The sums so far, in the order of the first executions. */
  List<TaskTime> times() {
    return List.copyOf(times.values());
  }
}
