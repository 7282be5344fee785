package org.jdit.tensor.tornado;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jdit.tensor.JditException;
import org.jdit.tensor.tornado.kernel.Frame;
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
 * <p>A stage is cut into graphs of at most {@value #TASKS} tasks. The shared arrays get their
 * device buffers from a graph of their own, which runs first; every other graph takes them over
 * from the graph that ran before it and leaves them on the device. Inputs and the iteration of a
 * loop go to the device with each graph that uses them.
 */
final class DevicePlan implements AutoCloseable {
  /** TornadoVM encodes a task graph into 8192 bytes: 15 and 5 for each of up to 20 arguments. */
  private static final int TASKS = 64;

  private static final String MEMORY = "memory";

  private final TornadoBackend backend;
  private final DeviceArrays own;
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

  DevicePlan(
      TornadoBackend backend,
      List<TornadoExecutable> executables,
      Set<TornadoNativeArray> resident) {
    this.backend = backend;
    this.own = new DeviceArrays(backend.memory());
    shared.addAll(resident);
    executables.forEach(e -> shared.addAll(e.shared()));
    refuseTooLarge();
    int count =
        executables.stream()
            .flatMap(e -> e.stages().stream())
            .mapToInt(s -> Math.ceilDiv(s.launches().size(), TASKS))
            .sum();
    boolean several = count > 1;
    if (several) {
      onDevice.addAll(shared);
      addMemory();
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

  private void refuseTooLarge() {
    long bytes =
        shared.stream().mapToLong(TornadoNativeArray::getNumBytesOfSegmentWithHeader).sum();
    long largest =
        shared.stream()
            .mapToLong(TornadoNativeArray::getNumBytesOfSegmentWithHeader)
            .max()
            .orElse(0);
    TornadoDevices.Device device = backend.device();
    if (bytes > device.memoryBytes() || largest > device.largestBuffer()) {
      throw new JditException(
          ("device %s has %d MiB (at most %d MiB for one array), and this needs %d MiB (%d MiB);"
                  + " use a smaller batch, a smaller model or another device")
              .formatted(
                  device.id(),
                  device.memoryBytes() >> 20,
                  device.largestBuffer() >> 20,
                  bytes >> 20,
                  largest >> 20));
    }
  }

  // ---- building ----------------------------------------------------------------------------

  private void addMemory() {
    IntArray sink = own.ints(0);
    Frame frame = new Frame(new KernelContext(), sink, null, own::ints);
    TaskGraph g = new TaskGraph(MEMORY);
    g.transferToDevice(DataTransferMode.FIRST_EXECUTION, shared.toArray());
    addTasks(g, Residency.of(frame, shared, sink));
    g.persistOnDevice(shared.toArray());
    add(g);
  }

  private void add(TaskGraph g) {
    names.add(g.getTaskGraphName());
    graphs.add(g.snapshot());
  }

  private void addStage(Stage stage, Set<TornadoNativeArray> given, boolean several) {
    List<Integer> indices = new ArrayList<>();
    List<Launch> launches = stage.launches();
    for (int from = 0; from < launches.size(); from += TASKS) {
      List<Launch> part = launches.subList(from, Math.min(from + TASKS, launches.size()));
      indices.add(graphs.size());
      tasksOf.put(graphs.size(), part.size());
      add(graph("g" + graphs.size(), stage, part, given, several));
    }
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
      g.consumeFromDevice(MEMORY, shared.toArray());
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
          "TornadoVM cannot run task graph %s: %s".formatted(names.get(index), e), e);
    }
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
    own.close();
  }
}
