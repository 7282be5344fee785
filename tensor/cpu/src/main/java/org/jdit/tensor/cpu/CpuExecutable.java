package org.jdit.tensor.cpu;

import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jdit.tensor.Elements;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.Value;
import org.jdit.tensor.cpu.kernel.Operand;
import org.jdit.tensor.cpu.kernel.Step;
import org.jdit.tensor.cpu.kernel.StridedCopy;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.program.Input;
import org.jdit.tensor.program.Lowering;
import org.jdit.tensor.program.Node;
import org.jdit.tensor.program.Output;
import org.jdit.tensor.program.Program;
import org.jdit.tensor.program.Role;
import org.jdit.tensor.spi.Executable;

/** A Program as a list of kernels whose operands are bound to memory. */
final class CpuExecutable implements Executable {
  private final Engine engine;
  private final Program program;
  private final Buffers buffers;
  private final Map<Input, Operand> inputs = new LinkedHashMap<>();
  private final Map<Output, Operand> outputs = new LinkedHashMap<>();
  private final List<Step> steps = new ArrayList<>();
  private final List<Step> commits = new ArrayList<>();
  private Operand gate;
  private boolean closed;

  CpuExecutable(Engine engine, CpuResident store, Lowering lowered) {
    this.engine = engine;
    program = lowered.program();
    buffers = new Buffers(engine, store, lowered);
    try {
      bind(lowered);
    } catch (RuntimeException | Error e) {
      buffers.close();
      throw e;
    }
  }

  private void bind(Lowering lowered) {
    Kernels kernels = new Kernels(engine, buffers);
    for (Node n : program.nodes().subList(0, lowered.commit())) {
      steps.add(bound(kernels, n));
    }
    for (Node n : program.nodes().subList(lowered.commit(), program.nodes().size())) {
      commits.add(bound(kernels, n));
    }
    for (Input i : program.inputs()) {
      if (i.role() == Role.INPUT) {
        inputs.put(i, buffers.operand(i.id()));
      }
    }
    gate = program.gate().map(buffers::operand).orElse(null);
    program.outputs().forEach(o -> outputs.put(o, buffers.operand(o.id())));
    program
        .updates()
        .forEach(
            (name, id) -> {
              int state = program.input(name).id();
              if (lowered.storageOf(id) != state) {
                commits.add(
                    new StridedCopy(engine.workers(), buffers.operand(id), buffers.operand(state)));
              }
            });
  }

  private Step bound(Kernels kernels, Node n) {
    Step step = kernels.bind(n);
    return engine.profile().map(p -> p.timed(program, n, step)).orElse(step);
  }

  @Override
  public Map<String, Tensor> run(Map<String, Tensor> given, TensorScope into) {
    return engine.inTurn(() -> compute(given, into));
  }

  private Map<String, Tensor> compute(Map<String, Tensor> given, TensorScope into) {
    check(given);
    inputs.forEach((i, to) -> Elements.copy(given.get(i.name()), to.data(), to.dtype()));
    for (Step s : steps) {
      s.run();
    }
    Map<String, Tensor> results = new LinkedHashMap<>();
    outputs.forEach((o, from) -> results.put(o.name(), copy(from, into)));
    if (commits()) {
      for (Step s : commits) {
        s.run();
      }
    }
    return results;
  }

  private void check(Map<String, Tensor> given) {
    if (closed) {
      throw new IllegalStateException("this executable is closed");
    }
    for (Input i : inputs.keySet()) {
      Tensor t = given.get(i.name());
      if (t == null || !t.spec().equals(program.spec(i.id()))) {
        throw new IllegalArgumentException(
            "input %s must be %s, not %s"
                .formatted(i.name(), program.spec(i.id()), t == null ? "missing" : t.spec()));
      }
    }
    if (given.size() > inputs.size()) {
      List<String> known = inputs.keySet().stream().map(Input::name).toList();
      throw new IllegalArgumentException(
          "the inputs are %s, not %s".formatted(known, given.keySet()));
    }
    List<String> missing = buffers.missing();
    if (!missing.isEmpty()) {
      throw new IllegalStateException("not loaded: " + missing);
    }
  }

  private boolean commits() {
    return gate == null || gate.data().get(ValueLayout.JAVA_BYTE, gate.byteOffset()) != 0;
  }

  private Tensor copy(Operand from, TensorScope into) {
    Tensor t = into.zeros(new Spec(from.shape(), from.dtype()));
    Value.Concrete c = t.concrete();
    new StridedCopy(engine.workers(), from, new Operand(c.data(), t.dtype(), c.layout())).run();
    return t;
  }

  @Override
  public long bytes() {
    return buffers.bytes();
  }

  @Override
  public void close() {
    engine.free(
        () -> {
          closed = true;
          buffers.close();
        });
  }
}
