package org.jdit.dit.sample;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jdit.tensor.DType;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Spec;
import org.jdit.tensor.io.TensorFile;
import org.jdit.tensor.op.Concat;
import org.jdit.tensor.op.Conv2d;
import org.jdit.tensor.op.Linear;
import org.jdit.tensor.op.Op;
import org.jdit.tensor.op.View;
import org.jdit.tensor.program.Input;
import org.jdit.tensor.program.MemoryPlan;
import org.jdit.tensor.program.Node;
import org.jdit.tensor.program.Passes;
import org.jdit.tensor.program.Program;
import org.jdit.tensor.program.Role;
import org.jdit.tensor.spi.Backend;

/**
 * How much memory Programs will need, told before anything is allocated.
 *
 * @param weights bytes of the PARAM inputs
 * @param activations bytes of the planned buffers
 */
public record MemoryEstimate(long weights, long activations) {
  private static final double GIB = 1L << 30;

  /** What compiling and running a Program will take, with weights in the Program's types. */
  public static MemoryEstimate of(Program program) {
    Program flat = Passes.inline(program);
    return new MemoryEstimate(
        flat.inputs().stream()
            .filter(i -> i.role() == Role.PARAM)
            .mapToLong(i -> flat.spec(i.id()).bytes())
            .sum(),
        activations(flat));
  }

  /** What compiling and running a Program will take on a backend, with the weights of a file. */
  public static MemoryEstimate of(Program program, Backend backend, TensorFile file) {
    Program flat = Passes.inline(program);
    Set<Integer> ofLayers = new HashSet<>();
    Set<Integer> others = new HashSet<>();
    for (Node n : flat.nodes()) {
      for (int i = 0; i < n.in().size(); i++) {
        (isLayerWeight(n.op(), i) ? ofLayers : others).add(n.in().get(i));
      }
    }
    long weights = 0;
    for (Input i : flat.inputs()) {
      if (i.role() == Role.PARAM) {
        Spec spec = flat.spec(i.id());
        boolean has = file.tensors().containsKey(i.name());
        DType loaded = has ? file.narrowest(i.name()) : spec.dtype();
        boolean ofLayer = ofLayers.contains(i.id());
        weights += ofLayer ? backend.weightBytes(spec, loaded) : 0;
        weights += ofLayer && !others.contains(i.id()) ? 0 : spec.bytes();
      }
    }
    return new MemoryEstimate(weights, activations(flat));
  }

  private static boolean isLayerWeight(Op op, int operand) {
    return switch (op) {
      case Linear _ -> operand == Linear.WEIGHT;
      case Conv2d _ -> operand == Conv2d.WEIGHT;
      default -> false;
    };
  }

  /**
   * Views lie in what they look at, parts of a concatenation in the whole, and what replaces a
   * state in the state.
   */
  private static long activations(Program flat) {
    Map<Integer, Integer> storage = new HashMap<>();
    Set<Integer> movable = new HashSet<>();
    for (Node n : flat.nodes()) {
      int out = n.out().getFirst();
      switch (n.op()) {
        case View _ -> storage.put(out, storageOf(storage, n.in().getFirst()));
        case Concat(int axis) when flat.spec(out).shape().sub(0, axis).numel() == 1 -> {
          for (int part : n.in()) {
            move(part, out, storage, movable);
          }
        }
        default -> movable.addAll(n.out());
      }
    }
    flat.updates().forEach((name, next) -> move(next, flat.input(name).id(), storage, movable));
    return MemoryPlan.of(flat, v -> storageOf(storage, v)).totalBytes();
  }

  /** Puts the buffer of a value, with all that lies in it, into another one, if it is movable. */
  private static void move(
      int value, int into, Map<Integer, Integer> storage, Set<Integer> movable) {
    int buffer = storageOf(storage, value);
    if (movable.remove(buffer)) {
      storage.replaceAll((_, at) -> at == buffer ? into : at);
      storage.put(buffer, into);
    }
  }

  private static int storageOf(Map<Integer, Integer> storage, int value) {
    return storage.getOrDefault(value, value);
  }

  /** The need of both, one running after the other with the weights of both loaded. */
  public MemoryEstimate then(MemoryEstimate other) {
    return new MemoryEstimate(weights + other.weights, Math.max(activations, other.activations));
  }

  /** The need of two Programs of the same weights, both compiled. */
  public MemoryEstimate beside(MemoryEstimate other) {
    return new MemoryEstimate(Math.max(weights, other.weights), activations + other.activations);
  }

  /** All bytes. */
  public long total() {
    return weights + activations;
  }

  /**
   * Refuses what cannot fit, for commands whose {@code --batch} is the way to need less.
   *
   * @param available bytes that may be used
   * @throws JditException if that is less than {@link #total}
   */
  public void require(long available) {
    require(available, "choose a smaller --batch or a smaller model");
  }

  /**
   * Refuses what cannot fit.
   *
   * @param available bytes that may be used
   * @param remedy what the user can do, for the end of the message
   * @throws JditException if that is less than {@link #total}
   */
  public void require(long available, String remedy) {
    if (total() > available) {
      throw new JditException(
          "this needs about %.1f GiB of memory (weights %.1f, activations %.1f) but %.1f GiB are available: %s"
              .formatted(total() / GIB, weights / GIB, activations / GIB, available / GIB, remedy));
    }
  }

  /** Bytes that this machine, or the container, has to give now. */
  public static long availableBytes() {
    var os = ManagementFactory.getPlatformMXBean(com.sun.management.OperatingSystemMXBean.class);
    Path meminfo = Path.of("/proc/meminfo");
    if (Files.isReadable(meminfo)) {
      try (var lines = Files.lines(meminfo)) {
        long kib =
            lines
                .filter(l -> l.startsWith("MemAvailable:"))
                .mapToLong(l -> Long.parseLong(l.replaceAll("\\D", "")))
                .findFirst()
                .orElse(Long.MAX_VALUE >> 10);
        return Math.min(kib << 10, os.getTotalMemorySize());
      } catch (IOException e) {
        return os.getFreeMemorySize();
      }
    }
    return os.getFreeMemorySize();
  }
}
