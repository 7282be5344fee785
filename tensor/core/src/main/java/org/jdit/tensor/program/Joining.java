package org.jdit.tensor.program;

import java.util.HashMap;
import java.util.Map;
import org.jdit.tensor.Strided;
import org.jdit.tensor.op.Concat;
import org.jdit.tensor.op.Op;

/**
 * Has the parts of a {@link Concat} computed where they belong in the whole, if each is one range
 * of it: the gradients of a network are then joined to one vector without a copy, and are not there
 * twice. The node stays, for the parts that have to be copied.
 */
final class Joining {
  private final Lowering lowered;
  private final Layouts layouts;
  private final Map<Integer, Op> producers = new HashMap<>();

  /** Where the buffers of parts begin in those of the wholes. */
  private final Map<Integer, Start> starts = new HashMap<>();

  private record Start(int whole, long offset) {}

  private Joining(Lowering lowered, Layouts layouts) {
    this.lowered = lowered;
    this.layouts = layouts;
    for (Node n : lowered.program().nodes()) {
      n.out().forEach(id -> producers.put(id, n.op()));
    }
  }

  /** The same Program with parts in their places. */
  static Lowering inPlace(Lowering lowered, Layouts layouts) {
    Joining joining = new Joining(lowered, layouts);
    for (Node n : lowered.program().nodes()) {
      if (n.op() instanceof Concat(int axis)) {
        joining.join(n, axis);
      }
    }
    Map<Integer, Lowering.Place> places = new HashMap<>(lowered.places());
    places.replaceAll((_, at) -> joining.moved(at));
    return new Lowering(lowered.program(), places, lowered.commit());
  }

  private void join(Node concat, int axis) {
    int whole = concat.out().getFirst();
    Strided layout = lowered.places().get(whole).layout();
    int at = 0;
    for (int part : concat.in()) {
      int size = lowered.program().spec(part).shape().dim(axis);
      Strided range = layout.slice(axis, at, size);
      Lowering.Place from = lowered.places().get(part);
      if (range.isContiguous() && isBuffer(from) && movable(from.storage())) {
        starts.put(from.storage(), new Start(whole, range.offset()));
      }
      at += size;
    }
  }

  /** Whether it is a whole buffer, row-major. */
  private boolean isBuffer(Lowering.Place at) {
    return at.layout().isContiguous()
        && at.layout().offset() == 0
        && at.layout().shape().numel() == lowered.program().spec(at.storage()).shape().numel();
  }

  /** Whether a buffer's value can be computed elsewhere; one that is a whole itself stays. */
  private boolean movable(int storage) {
    Op producer = producers.get(storage);
    return producer != null
        && !(producer instanceof Concat)
        && layouts.places(producer)
        && !starts.containsKey(storage);
  }

  private Lowering.Place moved(Lowering.Place at) {
    Start start = starts.get(at.storage());
    if (start == null) {
      return at;
    }
    Strided s = at.layout();
    return new Lowering.Place(
        start.whole(), new Strided(s.shape(), s.offset() + start.offset(), s.strides()));
  }
}
