package org.jdit.tensor.tornado;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.jdit.tensor.JditException;
import org.jdit.tensor.tornado.kernel.Launch;
import org.jdit.tensor.tornado.kernel.Operand;
import org.jdit.tensor.tornado.kernel.Residency;
import uk.ac.manchester.tornado.api.DataRange;
import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.ImmutableTaskGraph;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.TornadoExecutionResult;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.enums.ProfilerMode;
import uk.ac.manchester.tornado.api.exceptions.TornadoExecutionPlanException;
import uk.ac.manchester.tornado.api.exceptions.TornadoOutOfMemoryException;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * The stages of a store's executables as task graphs of one execution plan.
 *
 * <p>A stage is cut into graphs of at most {@value #TASKS} tasks. Arrays that several graphs share
 * get their device buffers from a graph of their own, which runs first; every other graph takes
 * them over from the graph that ran before it and leaves them on the device. Weights of one graph
 * go to the device with its first run, inputs and the iteration of a loop with every run.
 */
final class DevicePlan implements AutoCloseable {
  /** TornadoVM encodes a task graph into 8192 bytes: 15 and 5 for each of up to 20 arguments. */
  private static final int TASKS = 64;

  /** End of the name of the graph that brings the shared arrays. */
  static final String MEMORY = "_memory";

  private final TornadoBackend backend;
  private final String name;
  private final Set<TornadoNativeArray> shared = new LinkedHashSet<>();
  private final Set<TornadoNativeArray> onDevice = new HashSet<>();
  private final Map<Stage, List<Integer>> graphsOf = new HashMap<>();
  private final Map<Integer, Integer> logged = new HashMap<>();
  private final Map<Integer, Integer> tasksOf = new HashMap<>();
  private final List<ImmutableTaskGraph> graphs = new ArrayList<>();
  private final List<String> names = new ArrayList<>();
  private final GridScheduler grids = new GridScheduler();
  private final TornadoExecutionPlan plan;
  private TornadoExecutionResult last;

  /**
   * Plans all there is in a store.
   *
   * @param state the arrays that executables change
   * @param weights the arrays that they do not change
   * @param sink an array that tasks may write to
   */
  DevicePlan(
      TornadoBackend backend,
      List<TornadoExecutable> executables,
      Set<TornadoNativeArray> state,
      Set<TornadoNativeArray> weights,
      IntArray sink) {
    this.backend = backend;
    this.name = "p" + backend.counters().planned();
    List<List<Launch>> parts =
        executables.stream().flatMap(e -> e.stages().stream()).flatMap(DevicePlan::parts).toList();
    shared.addAll(state);
    weights.stream()
        .filter(w -> parts.stream().filter(p -> uses(p, w)).count() > 1)
        .forEach(shared::add);
    executables.forEach(e -> shared.addAll(e.shared()));
    Set<TornadoNativeArray> all = new HashSet<>(shared);
    all.addAll(weights);
    executables.forEach(e -> all.addAll(e.given()));
    refuseTooLarge(all);
    boolean several = parts.size() > 1;
    if (several) {
      onDevice.addAll(shared);
      addMemory(sink);
    }
    for (TornadoExecutable e : executables) {
      for (Stage s : e.stages()) {
        addStage(s, e.given(), several);
      }
    }
    plan = graphs.isEmpty() ? null : open();
    if (several) {
      execute(0);
    }
  }

  private static Stream<List<Launch>> parts(Stage stage) {
    List<Launch> launches = stage.launches();
    return IntStream.range(0, Math.ceilDiv(launches.size(), TASKS))
        .mapToObj(i -> launches.subList(i * TASKS, Math.min((i + 1) * TASKS, launches.size())));
  }

  private static boolean uses(List<Launch> part, TornadoNativeArray array) {
    return part.stream().anyMatch(l -> l.arrays().contains(array));
  }

  private void refuseTooLarge(Set<TornadoNativeArray> all) {
    long[] bytes =
        all.stream().mapToLong(TornadoNativeArray::getNumBytesOfSegmentWithHeader).toArray();
    backend.device().check(LongStream.of(bytes).sum(), LongStream.of(bytes).max().orElse(0));
  }

  // ---- building ----------------------------------------------------------------------------

  private void addMemory(IntArray sink) {
    TaskGraph g = new TaskGraph(name + MEMORY);
    g.transferToDevice(DataTransferMode.FIRST_EXECUTION, shared.toArray());
    addTasks(g, Residency.of(new KernelContext(), shared, sink));
    g.persistOnDevice(shared.toArray());
    add(g);
  }

  private void add(TaskGraph g) {
    names.add(g.getTaskGraphName());
    graphs.add(g.snapshot());
  }

  private void addStage(Stage stage, Set<TornadoNativeArray> given, boolean several) {
    List<Integer> indices = new ArrayList<>();
    parts(stage)
        .forEach(
            part -> {
              indices.add(graphs.size());
              tasksOf.put(graphs.size(), part.size());
              add(graph(name + "_g" + graphs.size(), stage, part, given, several));
            });
    graphsOf.put(stage, indices);
  }

  private TaskGraph graph(
      String name,
      Stage stage,
      List<Launch> launches,
      Set<TornadoNativeArray> given,
      boolean several) {
    TaskGraph g = new TaskGraph(name);
    Set<TornadoNativeArray> used = new LinkedHashSet<>();
    launches.forEach(l -> used.addAll(l.arrays()));
    List<Object> once = new ArrayList<>();
    List<Object> always = new ArrayList<>();
    for (TornadoNativeArray array : used) {
      if (given.contains(array) || (array == stage.iteration() && stage.times() > 1)) {
        always.add(array);
      } else if (!several || !shared.contains(array)) {
        once.add(array);
      }
    }
    g.transferToDevice(DataTransferMode.FIRST_EXECUTION, once.toArray());
    g.transferToDevice(DataTransferMode.EVERY_EXECUTION, always.toArray());
    if (several) {
      g.consumeFromDevice(name + MEMORY, shared.toArray());
      g.persistOnDevice(shared.toArray());
    }
    addTasks(g, launches);
    if (!several) {
      used.retainAll(shared);
      onDevice.addAll(used);
      g.persistOnDevice(used.toArray());
    }
    return g;
  }

  private void addTasks(TaskGraph g, List<Launch> launches) {
    for (int i = 0; i < launches.size(); i++) {
      Launch l = launches.get(i);
      String id = "t" + i + "_" + l.kernel();
      l.task().addTo(g, id);
      grids.addWorkerGrid(g.getTaskGraphName() + "." + id, l.grid());
    }
  }

  private TornadoExecutionPlan open() {
    TornadoExecutionPlan p = new TornadoExecutionPlan(graphs.toArray(ImmutableTaskGraph[]::new));
    p.withDevice(backend.device().handle());
    p.withGridScheduler(grids);
    backend.profiler().ifPresent(_ -> p.withProfiler(ProfilerMode.SILENT));
    return p;
  }

  // ---- running -----------------------------------------------------------------------------

  /** Runs a stage, a loop's body as often as it says. */
  void run(Stage stage) {
    for (int i = 0; i < stage.times(); i++) {
      if (stage.times() > 1) {
        stage.iteration().set(0, i);
      }
      for (int index : graphsOf.get(stage)) {
        execute(index);
        backend.counters().ran(tasksOf.get(index));
      }
    }
  }

  private void execute(int index) {
    try {
      last = plan.withGraph(index).execute();
      backend.profiler().ifPresent(p -> p.add(newLog(index)));
    } catch (TornadoOutOfMemoryException e) {
      throw new JditException(
          "the device is out of memory: use a smaller batch, a smaller model or another device", e);
    } catch (RuntimeException | Error e) {
      // TornadoVM throws errors of its own making, too. Nothing is run elsewhere instead.
      throw new JditException(
          "TornadoVM cannot run task graph %s: %s".formatted(names.get(index), reason(e)), e);
    }
  }

  /** A message without its colours and the stack trace that TornadoVM puts into it. */
  private static String reason(Throwable e) {
    String plain = String.valueOf(e.getMessage()).replaceAll("\u001B\\[[;\\d]*m", "");
    return plain.replaceAll("(?s)Stacktrace:.*", "").replaceAll("\\s+", " ").strip();
  }

  /** What the profiler says of the last execution: a graph's log has all of them. */
  private String newLog(int index) {
    String all = last.getProfilerResult().getProfileLog();
    int seen = Objects.requireNonNullElse(logged.put(index, all.length()), 0);
    return all.substring(seen);
  }

  /**
   * Brings a row-major value to its host memory; one that no task graph has is there already. Asked
   * for an array that it does not know, TornadoVM would write to memory that belongs to others.
   */
  void fetch(Operand x) {
    if (!onDevice.contains(x.array())) {
      return;
    }
    last.transferToHost(new DataRange(x.array()).withOffset(x.offset()).withSize(x.numel()));
  }

  @Override
  public void close() {
    if (plan != null) {
      plan.freeDeviceMemory();
      try {
        plan.close();
      } catch (TornadoExecutionPlanException e) {
        throw new IllegalStateException("cannot close an execution plan", e);
      }
    }
  }
}
