package org.jdit.dit.train;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jdit.diffusion.Coefficients;
import org.jdit.diffusion.GaussianDiffusion;
import org.jdit.dit.model.DiT;
import org.jdit.dit.model.DiTConfig;
import org.jdit.dit.model.TimestepFeatures;
import org.jdit.nn.optim.AdamW;
import org.jdit.nn.optim.Ema;
import org.jdit.nn.optim.ParameterVector;
import org.jdit.tensor.DType;
import org.jdit.tensor.Elements;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Strided;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.program.Program;
import org.jdit.tensor.spi.Backend;
import org.jdit.tensor.spi.Executable;
import org.jdit.tensor.spi.Resident;

/** Training steps on a backend: compiled once, with weights and moments that stay there. */
public final class Trainer implements AutoCloseable {
  private final Backend backend;
  private final TrainStep step;
  private final Resident resident;
  private final List<Executable> programs = new ArrayList<>();
  private final Map<String, Executable> evaluations = new HashMap<>();

  /** Compiles a step; {@link #start} or {@link #load} comes before the first one. */
  public Trainer(Backend backend, TrainStep step) {
    this.backend = backend;
    this.step = step;
    resident = backend.newResident();
    try {
      step.programs().forEach(p -> programs.add(backend.compile(p, resident)));
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  /**
   * Starts anew: the average is the weights, the moments are 0.
   *
   * @param weights by name, the position table among them
   */
  public void start(Map<String, Tensor> weights) {
    load(
        weights.get(TrainStep.POSITIONS),
        name ->
            name.equals(TrainStep.PARAMETERS) || name.equals(TrainStep.EMA)
                ? Optional.of(weights)
                : Optional.empty());
  }

  /**
   * Loads a state, one vector after the other.
   *
   * @param positions the position table {@code [1, T, D]}
   * @param state the tensors that make up a vector of {@link TrainStep#state}, by the names of
   *     {@link TrainStep#parameters}; empty for zeros
   */
  public void load(Tensor positions, Function<String, Optional<Map<String, Tensor>>> state) {
    resident.load(TrainStep.POSITIONS, positions);
    for (String name : step.state()) {
      try (TensorScope scope = TensorScope.open(backend.memory())) {
        Tensor vector = scope.zeros(step.parameters().spec());
        state.apply(name).ifPresent(parts -> fill(vector, parts));
        resident.load(name, vector);
      }
    }
  }

  private void fill(Tensor vector, Map<String, Tensor> parts) {
    MemorySegment all = vector.concrete().data();
    step.parameters()
        .offsets()
        .forEach(
            (name, at) -> {
              Tensor part = parts.get(name);
              long from = (long) at * Float.BYTES;
              Elements.copy(part, all.asSlice(from, part.shape().numel() * Float.BYTES), DType.F32);
            });
  }

  /** A vector of the state. */
  public Tensor read(String name, TensorScope into) {
    return resident.read(name, into);
  }

  /** A vector of the state as tensors by name, in the order of {@link TrainStep#parameters}. */
  public Map<String, Tensor> parts(String name, TensorScope into) {
    Tensor vector = resident.read(name, into);
    Map<String, Tensor> parts = new LinkedHashMap<>();
    step.parameters()
        .offsets()
        .forEach(
            (part, at) -> {
              Shape shape = step.parameters().shapes().get(part);
              Strided layout = new Strided(shape, at, Strided.contiguous(shape).strides());
              parts.put(part, into.wrap(vector.concrete().data(), vector.dtype(), layout));
            });
    return parts;
  }

  /** The weights by name, in the order of the model, the position table among them. */
  public Map<String, Tensor> weights(String name, TensorScope into) {
    Map<String, Tensor> parts = parts(name, into);
    Map<String, Tensor> weights = new LinkedHashMap<>();
    shapes()
        .keySet()
        .forEach(
            key ->
                weights.put(
                    key, parts.containsKey(key) ? parts.get(key) : resident.read(key, into)));
    return weights;
  }

  /**
   * One step. If a loss or gradient is not finite, or anything fails, the state is as before, and
   * the portions that follow are not computed.
   *
   * @param portions of the batch, as many as the recipe says
   * @param number of the step, from 1
   */
  public StepResult step(List<Batch> portions, long number, double learningRate) {
    if (portions.size() != step.recipe().accumulate()) {
      throw new IllegalArgumentException(
          "a batch has %d portions, not %d".formatted(step.recipe().accumulate(), portions.size()));
    }
    try (TensorScope scope = TensorScope.open(backend.memory())) {
      Map<String, Tensor> factors = factors(number, learningRate, scope);
      if (portions.size() == 1) {
        Map<String, Tensor> inputs = inputs(portions.getFirst(), scope);
        inputs.putAll(factors);
        return StepResult.of(programs.getFirst().run(inputs, scope));
      }
      return inPortions(portions, factors);
    }
  }

  private StepResult inPortions(List<Batch> portions, Map<String, Tensor> factors) {
    List<StepResult> results = new ArrayList<>();
    boolean changed = false;
    try {
      for (Batch b : portions) {
        try (TensorScope scope = TensorScope.open(backend.memory())) {
          results.add(StepResult.of(programs.getFirst().run(inputs(b, scope), scope)));
        }
        if (!results.getLast().finite()) {
          return StepResult.joined(results);
        }
      }
      try (TensorScope scope = TensorScope.open(backend.memory())) {
        StepResult whole = StepResult.joined(results).with(programs.getLast().run(factors, scope));
        changed = whole.finite();
        return whole;
      }
    } finally {
      if (!changed) {
        forgetGradients();
      }
    }
  }

  private Map<String, Tensor> factors(long number, double learningRate, TensorScope scope) {
    float[] adamw = step.recipe().adamw().factors(number, learningRate);
    float[] ema = step.recipe().ema().factors(number);
    return Map.of(
        TrainStep.ADAMW_FACTORS, scope.of(AdamW.factorsSpec().shape(), adamw),
        TrainStep.EMA_FACTORS, scope.of(Ema.factorsSpec().shape(), ema));
  }

  private void forgetGradients() {
    try (TensorScope scope = TensorScope.open(backend.memory())) {
      resident.load(TrainStep.GRADIENTS, scope.zeros(step.parameters().spec()));
    }
  }

  /**
   * Each image's loss, with nothing changed.
   *
   * @param vector the weights to use, {@link TrainStep#PARAMETERS} or {@link TrainStep#EMA}
   */
  public float[] loss(String vector, Batch batch) {
    Executable executable =
        evaluations.computeIfAbsent(
            vector, name -> backend.compile(step.evaluation(name), resident));
    try (TensorScope scope = TensorScope.open(backend.memory())) {
      return executable.run(inputs(batch, scope), scope).get(TrainStep.LOSS).toFloats();
    }
  }

  /** What is trained. */
  ParameterVector parameters() {
    return step.parameters();
  }

  /** Shapes of the weights by name, in the order of the model, the position table among them. */
  Map<String, Shape> shapes() {
    return DiT.stateDict(step.config()).shapes();
  }

  /** The process that is trained, on its chain of timesteps. */
  public GaussianDiffusion diffusion() {
    return step.diffusion();
  }

  /** Says which tensor of a step is the first that is not finite. */
  String notFinite(List<Batch> portions) {
    Program gradients = step.gradients();
    try (Resident weights = backend.newResident();
        Executable executable = backend.compile(gradients, weights);
        TensorScope scope = TensorScope.open(backend.memory())) {
      Map<String, Tensor> loaded = weights(TrainStep.PARAMETERS, scope);
      loaded.forEach(weights::load);
      String largest = largest(loaded);
      for (Batch b : portions) {
        Map<String, Tensor> results = new LinkedHashMap<>(executable.run(inputs(b, scope), scope));
        results.remove(TrainStep.MEAN);
        for (Map.Entry<String, Tensor> e : results.entrySet()) {
          for (float f : e.getValue().toFloats()) {
            if (!Float.isFinite(f)) {
              return "a %s of %s (the largest weight is %s)".formatted(e.getKey(), f, largest);
            }
          }
        }
      }
      return "a gradient whose norm is too large for float32";
    }
  }

  /** The largest magnitude among weights, and whose it is. */
  private static String largest(Map<String, Tensor> weights) {
    String name = "";
    float most = -1;
    for (Map.Entry<String, Tensor> e : weights.entrySet()) {
      for (float f : e.getValue().toFloats()) {
        if (Float.compare(Math.abs(f), most) > 0) { // NaN is above all
          name = e.getKey();
          most = Math.abs(f);
        }
      }
    }
    return "%s in %s".formatted(most, name);
  }

  private Map<String, Tensor> inputs(Batch b, TensorScope scope) {
    DiTConfig config = step.config();
    Shape images = DiT.input(config, step.n()).shape();
    int[] t = b.times().timesteps().stream().mapToInt(Integer::intValue).toArray();
    float[] weights = new float[step.n()];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = b.times().weights().get(i).floatValue();
    }
    // The schedule may be respaced; the network sees the times of the whole one.
    double[] times = Arrays.stream(t).mapToDouble(step.diffusion().schedule()::timestep).toArray();
    Map<String, Tensor> inputs = new HashMap<>();
    inputs.put(TrainStep.X_START, scope.of(images, b.xStart()));
    inputs.put(TrainStep.NOISE, scope.of(images, b.noise()));
    inputs.put(TrainStep.TIME, TimestepFeatures.of(scope, config.numerics(), times));
    inputs.put(
        TrainStep.LABELS,
        scope.of(Shape.of(step.n()), b.labels().stream().mapToLong(Integer::longValue).toArray()));
    inputs.put(
        TrainStep.COEFFICIENTS,
        scope.of(Coefficients.spec(step.n()).shape(), step.diffusion().schedule().rows(t)));
    inputs.put(TrainStep.LOSS_WEIGHTS, scope.of(Shape.of(step.n()), weights));
    return inputs;
  }

  /** Bytes of buffers and state. */
  public long bytes() {
    return resident.bytes()
        + Stream.concat(programs.stream(), evaluations.values().stream())
            .mapToLong(Executable::bytes)
            .sum();
  }

  @Override
  public void close() {
    evaluations.values().forEach(Executable::close);
    programs.forEach(Executable::close);
    resident.close();
  }
}
