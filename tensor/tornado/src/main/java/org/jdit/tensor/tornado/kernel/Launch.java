package org.jdit.tensor.tornado.kernel;

import java.util.List;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.WorkerGrid;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * A kernel with its arguments and threads, ready to become a task.
 *
 * @param kernel name of the kernel, for listings and profiles
 * @param grid the threads that run it
 * @param arrays every array that it reads or writes
 * @param task adds it to a task graph
 */
public record Launch(String kernel, WorkerGrid grid, List<TornadoNativeArray> arrays, Task task) {
  /** Adds a task of the given name to a graph. */
  @FunctionalInterface
  public interface Task {
    /** Calls {@link TaskGraph#task} with the kernel's method and arguments. */
    void addTo(TaskGraph graph, String id);
  }

  /** Copies the list. */
  public Launch {
    arrays = List.copyOf(arrays);
  }
}
