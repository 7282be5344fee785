package org.jdit.tensor.tornado;

import java.util.List;
import org.jdit.tensor.tornado.kernel.Launch;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Kernels that run one after the other, once or as the body of a loop.
 *
 * @param launches the kernels
 * @param times how often they run
 * @param iteration the array in which they find the number of the run
 */
record Stage(List<Launch> launches, int times, IntArray iteration) {
  Stage {
    launches = List.copyOf(launches);
  }
}
