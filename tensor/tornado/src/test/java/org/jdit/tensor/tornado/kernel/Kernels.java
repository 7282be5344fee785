package org.jdit.tensor.tornado.kernel;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jdit.tensor.DType;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Strided;
import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.exceptions.TornadoExecutionPlanException;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.LongArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/** Runs single kernels on the first device. */
final class Kernels {
  private Kernels() {}

  /** A frame in an iteration of a loop, so that stacked operands lie that many steps further. */
  static Frame frame(int iteration) {
    return new Frame(
        new KernelContext(),
        IntArray.fromElements(iteration),
        LongArray.fromElements(0, 0),
        new Tables());
  }

  private static final class Tables implements Frame.Tables {
    @Override
    public IntArray of(int... values) {
      return IntArray.fromArray(values);
    }

    @Override
    public FloatArray of(float... values) {
      return FloatArray.fromArray(values);
    }
  }

  /** A row-major float operand. */
  static Operand floats(Shape shape, float... elements) {
    return new Operand(FloatArray.fromArray(elements), DType.F32, Strided.contiguous(shape));
  }

  /** Runs kernels one after the other with all arrays copied in before and out after. */
  static void run(List<Launch> launches) {
    TaskGraph graph = new TaskGraph("g");
    GridScheduler grids = new GridScheduler();
    Set<TornadoNativeArray> arrays = new LinkedHashSet<>();
    launches.forEach(l -> arrays.addAll(l.arrays()));
    graph.transferToDevice(DataTransferMode.EVERY_EXECUTION, arrays.toArray());
    for (int i = 0; i < launches.size(); i++) {
      launches.get(i).task().addTo(graph, "t" + i);
      grids.addWorkerGrid("g.t" + i, launches.get(i).grid());
    }
    graph.transferToHost(DataTransferMode.EVERY_EXECUTION, arrays.toArray());
    try (TornadoExecutionPlan plan = new TornadoExecutionPlan(graph.snapshot())) {
      plan.withGridScheduler(grids).execute();
    } catch (TornadoExecutionPlanException e) {
      throw new IllegalStateException(e);
    }
  }
}
