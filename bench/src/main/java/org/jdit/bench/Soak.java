package org.jdit.bench;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jdit.tensor.JditException;
import org.jdit.tensor.memory.Memory;

/**
 * Many runs of one thing, and what memory they leave behind.
 *
 * @param runs how many, at least {@link #READINGS}
 * @param allowedMib by how much the process may grow after the first reading, for what the JVM
 *     compiles; what the engine holds may not grow at all
 */
public record Soak(int runs, int allowedMib) {
  /** How often memory is read, at equal distances. */
  public static final int READINGS = 10;

  private static final double MIB = 1 << 20;

  /**
   * Memory in bytes.
   *
   * @param runs before it was read
   * @param live what the engine holds
   * @param heap what the Java heap holds after a collection
   * @param resident what the process has; 0 where that is not known
   */
  public record Reading(int runs, long live, long heap, long resident) {
    /** The figures by name. */
    public Map<String, Object> figures() {
      Map<String, Object> f = new LinkedHashMap<>();
      f.put("runs", runs);
      f.put("live_bytes", live);
      f.put("heap_bytes", heap);
      f.put("resident_bytes", resident);
      return f;
    }
  }

  /** Runs, and hands on each reading as it is taken. */
  public List<Reading> watch(Memory memory, Runnable run, Consumer<Reading> progress) {
    List<Reading> readings = new ArrayList<>();
    int done = 0;
    for (int i = 1; i <= READINGS; i++) {
      int until = Math.toIntExact((long) runs * i / READINGS);
      for (; done < until; done++) {
        run.run();
      }
      Reading reading = read(done, memory);
      progress.accept(reading);
      readings.add(reading);
    }
    return readings;
  }

  private static Reading read(int runs, Memory memory) {
    System.gc();
    long heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    return new Reading(runs, memory.liveBytes(), heap, Machine.residentBytes().orElse(0));
  }

  /**
   * Compares each reading with the first.
   *
   * @throws JditException if memory has grown by more than is allowed
   */
  public void check(List<Reading> readings) {
    Reading first = readings.getFirst();
    for (Reading r : readings) {
      if (r.live > first.live) {
        throw new JditException(
            "after %d runs the engine holds %d bytes more than after %d, and none are allowed"
                .formatted(r.runs, r.live - first.live, first.runs));
      }
      double grown = (r.resident - first.resident) / MIB;
      if (grown > allowedMib) {
        throw new JditException(
            "after %d runs the process has %.1f MiB more than after %d, and %d are allowed"
                .formatted(r.runs, grown, first.runs, allowedMib));
      }
    }
  }
}
