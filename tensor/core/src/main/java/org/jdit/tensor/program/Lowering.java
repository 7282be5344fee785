package org.jdit.tensor.program;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Strided;
import org.jdit.tensor.op.Fill;
import org.jdit.tensor.op.Reshape;
import org.jdit.tensor.op.View;

/**
 * A Program whose layouts are decided: every value is a layout over the buffer of a value that owns
 * storage. Views have no node any more; a {@link Reshape} that is left is a row-major copy, made
 * where a view or a kernel cannot do without.
 *
 * @param program what is left to run, copies included
 * @param places where each value lies
 * @param commit the first node that only state updates need
 */
public record Lowering(Program program, Map<Integer, Place> places, int commit) {
  /**
   * Where a value lies.
   *
   * @param storage the value whose buffer it is
   * @param layout where the elements are in that buffer
   */
  public record Place(int storage, Strided layout) {}

  /** Copies the map. */
  public Lowering {
    places = Map.copyOf(places);
  }

  /** Decides the layouts of a Program for the kernels of a backend. */
  public static Lowering of(Program p, Layouts layouts) {
    Lowering built = new Builder(p, layouts).build();
    return Commit.inPlace(Joining.inPlace(built, layouts), layouts);
  }

  /** The value whose buffer a value lies in. */
  public int storageOf(int id) {
    return places.get(id).storage();
  }

  private static final class Builder {
    private final Program source;
    private final Layouts kernels;
    private final List<Spec> values;
    private final List<Node> nodes = new ArrayList<>();
    private final Map<Integer, Place> places = new HashMap<>();
    private final Map<Integer, Integer> copies = new HashMap<>();

    Builder(Program source, Layouts kernels) {
      this.source = source;
      this.kernels = kernels;
      this.values = new ArrayList<>(source.values());
    }

    Lowering build() {
      for (Input i : source.inputs()) {
        own(i.id(), Strided.contiguous(source.spec(i.id()).shape()));
      }
      source.nodes().forEach(this::lower);
      Map<String, Integer> updates = new LinkedHashMap<>(source.updates());
      updates.replaceAll((_, id) -> settled(id));
      Program lowered =
          new Program(source.inputs(), nodes, source.outputs(), updates, source.gate(), values);
      return new Lowering(lowered, places, Commit.start(lowered, id -> places.get(id).storage()));
    }

    private void lower(Node n) {
      if (n.op() instanceof View view) {
        int from = n.in().getFirst();
        int id = view.view(places.get(from).layout()).isPresent() ? from : copied(from);
        Place place = places.get(id);
        Strided layout = view.view(place.layout()).orElseThrow();
        places.put(n.out().getFirst(), new Place(place.storage(), layout));
        return;
      }
      if (n.op() instanceof Fill(Spec spec, double value) && spec.shape().numel() > 1) {
        stretched(spec, value, n.out().getFirst());
        return;
      }
      List<Integer> in = new ArrayList<>(n.in());
      List<Strided> layouts = in.stream().map(id -> places.get(id).layout()).toList();
      for (int i = 0; i < in.size(); i++) {
        if (!kernels.accepts(n.op(), i, layouts)) {
          in.set(i, copied(in.get(i)));
        }
      }
      nodes.add(new Node(n.op(), in, n.out()));
      for (int i = 0; i < n.out().size(); i++) {
        own(n.out().get(i), kernels.result(n.op(), i, source.spec(n.out().get(i)).shape()));
      }
    }

    /** A constant is one element, stretched. */
    private void stretched(Spec spec, double value, int id) {
      Spec scalar = spec.with(Shape.SCALAR);
      int one = values.size();
      values.add(scalar);
      nodes.add(new Node(new Fill(scalar, value), List.of(), List.of(one)));
      own(one, Strided.contiguous(Shape.SCALAR));
      places.put(id, new Place(one, places.get(one).layout().expand(spec.shape())));
    }

    private void own(int id, Strided layout) {
      places.put(id, new Place(id, layout));
    }

    /** A row-major copy of a value. */
    private int copied(int id) {
      return copies.computeIfAbsent(
          id,
          from -> {
            Spec spec = values.get(from);
            int to = values.size();
            values.add(spec);
            nodes.add(new Node(new Reshape(spec.shape()), List.of(from), List.of(to)));
            own(to, Strided.contiguous(spec.shape()));
            return to;
          });
    }

    /**
     * An update that lies row-major and in no STATE buffer: updates are committed one by one, and
     * one must not read what another has overwritten.
     */
    private int settled(int id) {
      Place place = places.get(id);
      boolean state =
          source.inputs().stream()
              .anyMatch(i -> i.role() == Role.STATE && i.id() == place.storage());
      return state || !place.layout().isContiguous() ? copied(id) : id;
    }
  }
}
