package org.jdit.weights;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jdit.tensor.DType;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.io.AtomicFile;
import org.jdit.tensor.io.SafetensorsWriter;
import org.jdit.tensor.io.TensorEntry;
import org.jdit.tensor.io.TensorFile;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.weights.torch.TorchWriter;

/**
 * Writes weights in another format, layout or precision. One tensor is in memory at a time, and
 * what is written appears complete or not at all.
 */
public final class Converter {
  /** How the weights of a DiT are named and packed. */
  public enum Layout {
    /** One file with the names of the official code. */
    OFFICIAL,
    /** A directory that diffusers' DiTPipeline loads; for an autoencoder, one file of its names. */
    DIFFUSERS
  }

  /**
   * What to convert.
   *
   * @param in any file or directory that {@link Checkpoint} opens
   * @param out a file (.safetensors, or .pt, .pth, .bin, .ckpt for torch), or a directory for a DiT
   *     in diffusers' layout
   * @param weights which weights of a training checkpoint
   * @param dtype F32, F16 or BF16 for the floating tensors, or I8 for the weights of linear layers
   *     and F32 for the others; empty to keep theirs, F32 for those in int8
   * @param layout empty for diffusers' if {@code out} has none of the endings, else official
   * @param numHeads number of attention heads, where a configuration must say it and the input does
   *     not; empty for the usual number
   */
  public record Request(
      Path in,
      Path out,
      Checkpoint.Choice weights,
      Optional<DType> dtype,
      Optional<Layout> layout,
      OptionalInt numHeads) {}

  /**
   * What was written.
   *
   * @param out the file or directory
   * @param metadata provenance, as written
   * @param tensors number of tensors
   * @param remarks in words, what was assumed and which tensors hold values that are NaN, infinite
   *     or too large for the type
   */
  public record Result(Path out, Map<String, String> metadata, int tensors, List<String> remarks) {
    /** Copies the list. */
    public Result {
      remarks = List.copyOf(remarks);
    }
  }

  private static final List<String> TORCH_ENDINGS = List.of(".pt", ".pth", ".bin", ".ckpt");
  private static final Set<DType> DTYPES = Set.of(DType.F32, DType.F16, DType.BF16, DType.I8);
  private static final String HEADS = "num_heads";
  private static final String SPACE = "space";
  private static final String PREDICT_XSTART = "predict_xstart";
  private static final String CLASSES = "num_classes";
  private static final String QUANTIZATION = "quantization";
  private static final String SAFETENSORS_ENDING = ".safetensors";

  private final Request request;
  private final Checkpoint in;
  private final List<String> remarks = new ArrayList<>();

  private Converter(Request request, Checkpoint in) {
    this.request = request;
    this.in = in;
  }

  /**
   * Converts.
   *
   * @throws JditException if the input cannot be read, the output cannot be written, or the input
   *     lacks what the layout needs
   */
  public static Result convert(Request request) {
    check(request);
    try (Checkpoint in = Checkpoint.open(request.in(), request.weights())) {
      return new Converter(request, in).run();
    }
  }

  /**
   * Refuses what cannot be asked for, whatever the input holds.
   *
   * @throws JditException if there are no weights of this type, or not in this format or layout
   */
  public static void check(Request request) {
    if (request.dtype().filter(d -> !DTYPES.contains(d)).isPresent()) {
      throw new JditException(
          "weights are converted to f32, f16, bf16 or int8, not " + request.dtype().get());
    }
    boolean official = !request.layout().equals(Optional.of(Layout.DIFFUSERS));
    boolean safetensors = request.out().toString().endsWith(SAFETENSORS_ENDING);
    if (isInt8(request) && !(official && safetensors)) {
      throw new JditException(
          "weights in int8 are written in the official layout to a %s file, not to %s"
                  .formatted(SAFETENSORS_ENDING, request.out())
              + (official ? "" : " in that of diffusers"));
    }
  }

  private static boolean isInt8(Request request) {
    return request.dtype().equals(Optional.of(DType.I8));
  }

  private Result run() {
    if (!in.unreadable().isEmpty()) {
      throw new JditException(
          "%s has %d tensors of kinds that are not supported and would be lost, such as %s"
              .formatted(in.source(), in.unreadable().size(), in.unreadable().getFirst()));
    }
    Optional.ofNullable(in.metadata().get(Checkpoint.PREFIX))
        .ifPresent(p -> remarks.add("taken are the tensors under %s, without it".formatted(p)));
    Layout layout =
        request.layout().orElse(isFile(request.out()) ? Layout.OFFICIAL : Layout.DIFFUSERS);
    ModelKind kind = ModelKind.of(in);
    if (isInt8(request) && kind != ModelKind.DIT_OFFICIAL && kind != ModelKind.DIT_DIFFUSERS) {
      throw new JditException(
          in.source() + " holds no DiT, of which alone the weights are written in int8");
    }
    return switch (kind) {
      case DIT_OFFICIAL, DIT_DIFFUSERS ->
          switch (layout) {
            case OFFICIAL -> writeFile(DitKeys.official(in));
            case DIFFUSERS -> writePipeline();
          };
      case VAE -> {
        if (request.layout().equals(Optional.of(Layout.OFFICIAL))) {
          throw new JditException(
              in.source() + " is an autoencoder, whose only layout is that of diffusers");
        }
        yield writeFile(VaeKeys.modern(in));
      }
      case UNKNOWN -> {
        if (request.layout().isPresent()) {
          throw new JditException(
              in.source() + " holds no DiT, so it has no other layout; leave the layout out");
        }
        yield writeFile(in);
      }
    };
  }

  private static boolean isFile(Path path) {
    return isTorch(path) || path.toString().endsWith(SAFETENSORS_ENDING);
  }

  private static boolean isTorch(Path path) {
    return TORCH_ENDINGS.stream().anyMatch(path.toString()::endsWith);
  }

  private Result writeFile(TensorFile tensors) {
    Path out = request.out();
    if (!isFile(out)) {
      throw new JditException(
          "cannot tell the format of %s: end its name in %s, or %s for torch"
              .formatted(out, SAFETENSORS_ENDING, String.join(", ", TORCH_ENDINGS)));
    }
    Map<String, String> metadata = provenance(tensors);
    List<TensorEntry> entries = entries(tensors, List.of());
    if (isTorch(out)) {
      TorchWriter.write(out, metadata, entries);
    } else {
      SafetensorsWriter.write(out, metadata, entries);
    }
    return new Result(out, metadata, entries.size(), remarks);
  }

  private Result writePipeline() {
    Path out = request.out();
    if (isFile(out)) {
      throw new JditException(
          "a DiT in the layout of diffusers is a directory, but %s is named like a file"
              .formatted(out));
    }
    TensorFile official = DitKeys.official(in);
    TensorFile tensors = DitKeys.diffusers(in);
    DitDimensions d = DitDimensions.of(official);
    PipelineConfig config =
        new PipelineConfig(
            d,
            heads(official, d),
            classes(official, d),
            Boolean.parseBoolean(official.metadata().get(PREDICT_XSTART)),
            in.source());
    Map<String, String> metadata = provenance(official);
    metadata.putIfAbsent(DitKeys.NUMERICS, "official");
    List<TensorEntry> entries = entries(tensors, List.of(DitKeys.POSITIONS));
    List<TensorEntry> positions = positions(official, d);
    AtomicFile.writeDirectory(
        out,
        directory -> {
          Path transformer = config.writeTo(directory);
          SafetensorsWriter.write(
              transformer.resolve(ModelDirectory.STEM + SAFETENSORS_ENDING), metadata, entries);
          if (!positions.isEmpty()) {
            SafetensorsWriter.write(
                transformer.resolve(ModelDirectory.POSITIONS), Map.of(), positions);
          }
        });
    return new Result(out, metadata, entries.size(), remarks);
  }

  /** The position table, if it is not what the formula gives in the precision of the weights. */
  private List<TensorEntry> positions(TensorFile official, DitDimensions d) {
    DType dtype = target(official.tensors().get(DitKeys.OFFICIAL.patches())).dtype();
    TensorEntry table = entry(official, DitKeys.POSITIONS);
    try (TensorScope scope = TensorScope.open(new Memory())) {
      Tensor own = scope.copy(official.map(table.name(), scope), table.spec().dtype());
      Tensor formula = PositionTable.of(d.hidden(), d.grid().orElseThrow(), dtype, scope);
      return Values.sameBits(own, formula) ? List.of() : List.of(table);
    }
  }

  private int heads(TensorFile official, DitDimensions d) {
    OptionalInt known = DitDimensions.number(official, HEADS);
    OptionalInt heads = request.numHeads().isPresent() ? request.numHeads() : known;
    if (heads.isEmpty()) {
      heads = d.usualHeads();
      heads.ifPresent(n -> remarks.add(n + " heads assumed from width " + d.hidden()));
    }
    int n =
        heads.orElseThrow(
            () ->
                new JditException(
                    "%s does not say how many attention heads its width of %d is split into: give"
                            .formatted(in.source(), d.hidden())
                        + " --num-heads"));
    if (n <= 0 || d.hidden() % n != 0) {
      throw new JditException(
          "a width of %d does not divide into %d heads".formatted(d.hidden(), n));
    }
    return n;
  }

  // Diffusers' label table always has a row for the null class.
  private int classes(TensorFile official, DitDimensions d) {
    OptionalInt known = DitDimensions.number(official, CLASSES);
    int n = DitDimensions.classes(d.labelRows(), known, in.source());
    if (n == d.labelRows()) {
      throw new JditException(
          "%s has %d label rows for as many classes%s; the layout of diffusers needs a null class"
              .formatted(in.source(), n, known.isEmpty() ? ", as far as can be told" : ""));
    }
    if (known.isEmpty()) {
      remarks.add(
          "%d classes and a null class assumed from %d label rows".formatted(n, d.labelRows()));
    }
    return n;
  }

  private Map<String, String> provenance(TensorFile tensors) {
    Map<String, String> m = new TreeMap<>(Map.of("format", "pt"));
    m.put("source", request.in().toAbsolutePath().getFileName().toString());
    m.put("source_sha256", in.sha256());
    in.weights().ifPresent(part -> m.put(Checkpoint.WEIGHTS, part));
    if (isInt8(request)) {
      m.put(QUANTIZATION, "int8");
    }
    switch (ModelKind.of(tensors)) {
      case DIT_OFFICIAL, DIT_DIFFUSERS -> {
        keep(
            m, tensors, List.of(HEADS, CLASSES, SPACE, PREDICT_XSTART, DitKeys.NUMERICS)::contains);
        request.numHeads().ifPresent(n -> m.put(HEADS, Integer.toString(n)));
        DitDimensions.of(tensors).name().ifPresent(name -> m.put("model", name));
      }
      case VAE -> keep(m, tensors, key -> key.startsWith(ModelDirectory.CONFIG_ENTRY));
      case UNKNOWN -> {}
    }
    return m;
  }

  private static void keep(Map<String, String> m, TensorFile from, Predicate<String> wanted) {
    from.metadata().entrySet().stream()
        .filter(e -> wanted.test(e.getKey()))
        .forEach(e -> m.put(e.getKey(), e.getValue()));
  }

  private List<TensorEntry> entries(TensorFile file, List<String> without) {
    return file.tensors().keySet().stream()
        .filter(name -> !without.contains(name))
        .flatMap(name -> entries(file, name).stream())
        .toList();
  }

  private List<TensorEntry> entries(TensorFile file, String name) {
    Spec spec = file.tensors().get(name);
    return isInt8(request) && DitKeys.isMatrix(name, spec)
        ? Int8File.entries(name, spec.shape(), scope -> file.map(name, scope))
        : List.of(entry(file, name));
  }

  private TensorEntry entry(TensorFile file, String name) {
    Spec spec = target(file.tensors().get(name));
    return TensorEntry.lazy(name, spec, scope -> checked(name, file.map(name, scope), spec));
  }

  private Tensor checked(String name, Tensor t, Spec to) {
    if (!Values.finite(t, to.dtype())) {
      remarks.add(
          "%s holds values that are NaN, infinite or too large for %s".formatted(name, to.dtype()));
    }
    return t;
  }

  private Spec target(Spec spec) {
    return request
        .dtype()
        .filter(_ -> spec.dtype().isFloating())
        .map(dtype -> new Spec(spec.shape(), dtype == DType.I8 ? DType.F32 : dtype))
        .orElse(spec);
  }
}
