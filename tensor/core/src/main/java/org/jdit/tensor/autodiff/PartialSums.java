package org.jdit.tensor.autodiff;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.op.Pad;
import org.jdit.tensor.program.Node;
import org.jdit.tensor.program.Trace;

/**
 * Adds up cotangents. Those of slices are zero but for a range; where such ranges follow each other
 * without overlap (query, key and value of one product; the parts of a modulation) they are joined
 * instead of padded and added.
 */
final class PartialSums {
  /** A cotangent that is zero outside of some ranges of an axis. */
  private record Ranges(int axis, List<Range> parts) {
    /** The ranges of both, if they lie on one axis and do not overlap. */
    Optional<Ranges> with(Ranges other) {
      List<Range> all = new ArrayList<>(parts);
      all.addAll(other.parts);
      all.sort(Comparator.comparingInt(Range::start));
      for (int i = 1; i < all.size(); i++) {
        if (all.get(i).start() < all.get(i - 1).end(axis)) {
          return Optional.empty();
        }
      }
      return axis == other.axis ? Optional.of(new Ranges(axis, all)) : Optional.empty();
    }

    boolean adjoining() {
      for (int i = 1; i < parts.size(); i++) {
        if (parts.get(i).start() != parts.get(i - 1).end(axis)) {
          return false;
        }
      }
      return true;
    }
  }

  private record Range(int start, Tensor value) {
    int end(int axis) {
      return start + value.dim(axis);
    }
  }

  private final Trace trace;
  private final Map<Integer, Ranges> known = new HashMap<>();

  PartialSums(Trace trace) {
    this.trace = trace;
  }

  /** The sum, recorded. */
  Tensor add(Tensor a, Tensor b) {
    Optional<Ranges> joint = ranges(a).flatMap(r -> ranges(b).flatMap(r::with));
    Tensor sum = joint.filter(Ranges::adjoining).map(r -> joined(r, a)).orElseGet(() -> a.add(b));
    joint.ifPresent(r -> known.put(trace.id(sum), r));
    return sum;
  }

  private static Tensor joined(Ranges r, Tensor like) {
    Tensor all =
        Tensor.concat(r.axis(), r.parts().stream().map(Range::value).toArray(Tensor[]::new));
    int before = r.parts().getFirst().start();
    int after = like.dim(r.axis()) - before - all.dim(r.axis());
    return before == 0 && after == 0 ? all : all.pad(r.axis(), before, after);
  }

  private Optional<Ranges> ranges(Tensor t) {
    int id = trace.id(t);
    Ranges r = known.get(id);
    if (r != null) {
      return Optional.of(r);
    }
    for (Node n : trace.nodes().reversed()) {
      if (n.out().contains(id)) {
        return n.op() instanceof Pad(int axis, int before, int _)
            ? Optional.of(
                new Ranges(axis, List.of(new Range(before, trace.tensor(n.in().getFirst())))))
            : Optional.empty();
      }
    }
    return Optional.empty();
  }
}
