package org.jdit.tensor.cpu;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jdit.tensor.cpu.kernel.Step;
import org.jdit.tensor.op.Call;
import org.jdit.tensor.program.Node;
import org.jdit.tensor.program.Program;
import org.jdit.tensor.spi.TaskTime;

/** What kernels take, added up over those that do the same on operands of the same shapes. */
final class Profile {
  private final Map<String, TaskTime> times = new LinkedHashMap<>();

  /** The same step, timed. */
  Step timed(Program p, Node n, Step step) {
    String kernel = kernel(n);
    String shapes =
        n.in().stream().map(id -> p.spec(id).shape().toString()).collect(Collectors.joining(" "));
    String task = kernel + " " + shapes + " -> " + p.spec(n.out().getFirst()).shape();
    return () -> {
      long start = System.nanoTime();
      step.run();
      long took = System.nanoTime() - start;
      times.merge(task, new TaskTime(task, kernel, 1, took, 0), TaskTime::plus);
    };
  }

  private static String kernel(Node n) {
    return n.op() instanceof Call(Program chain)
        ? "chain of " + chain.nodes().size()
        : n.op().name();
  }

  /** The sums so far. */
  List<TaskTime> times() {
    return List.copyOf(times.values());
  }
}
