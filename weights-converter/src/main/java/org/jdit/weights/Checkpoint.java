package org.jdit.weights;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jdit.tensor.DType;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.io.Mappable;
import org.jdit.tensor.io.Npz;
import org.jdit.tensor.io.Safetensors;
import org.jdit.tensor.io.TensorFile;
import org.jdit.tensor.io.ZipDirectory;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.weights.torch.TorchFile;

/**
 * The state dict in a weights file of any kind: torch (both layouts), safetensors (also sharded),
 * npz, npy, or a directory of diffusers. Tensors of a network that was saved inside another have
 * the network's own names. Weights in {@link org.jdit.tensor.Int8} are float32, made one by one as
 * they are mapped.
 *
 * <p>Metadata are those of the file and {@code args.*}, the training arguments in a checkpoint of
 * train.py; {@code config.*}, the entries of a config.json beside the weights; {@code num_classes},
 * if one of them says; {@code weights}, the part that was taken; and {@code prefix}, what stood
 * before the names.
 */
public final class Checkpoint implements TensorFile {
  /** Which weights of a training checkpoint to take. */
  public enum Choice {
    /**
     * As the official loader: the moving average ({@code ema}) if there is one, else {@code model},
     * else {@code state_dict}, else the file's own dict.
     */
    AUTO,
    /** The moving average. */
    EMA,
    /** The weights themselves: {@code model}, else {@code state_dict}, else the file's own dict. */
    MODEL
  }

  /** Kinds of files. */
  public enum Format {
    TORCH_ZIP,
    TORCH_LEGACY,
    SAFETENSORS,
    NPZ,
    NPY
  }

  /** Key of {@link #metadata} that says which part of a training checkpoint was taken. */
  public static final String WEIGHTS = "weights";

  /** Key of {@link #metadata} that says what stood before the names of the tensors. */
  public static final String PREFIX = "prefix";

  private static final byte[] NPY = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};

  private final Path file;
  private final Format format;
  private final TensorFile tensors;
  private final List<String> unreadable;
  private final Map<String, String> metadata;
  private final AutoCloseable owner;

  Checkpoint(
      Path file,
      Format format,
      TensorFile tensors,
      List<String> unreadable,
      Map<String, String> metadata,
      AutoCloseable owner) {
    Optional<String> prefix = Prefix.of(tensors.tensors().keySet());
    this.file = file;
    this.format = format;
    this.tensors = prefix.map(p -> Prefix.strip(tensors, p)).orElse(tensors);
    this.unreadable = List.copyOf(unreadable);
    Map<String, String> all = new TreeMap<>(metadata);
    prefix.ifPresent(p -> all.put(PREFIX, p));
    this.metadata = Collections.unmodifiableMap(all);
    this.owner = owner;
  }

  /**
   * Opens a file, told by content, or a directory of diffusers: a model's own, or a pipeline's,
   * whose transformer is taken.
   *
   * @throws JditException if it is missing, damaged, of no known kind, or lacks the chosen weights
   */
  public static Checkpoint open(Path path, Choice choice) {
    return Files.isDirectory(path)
        ? ModelDirectory.open(path, choice)
        : openFile(path, choice, Map.of());
  }

  static Checkpoint openFile(Path path, Choice choice, Map<String, String> config) {
    if (path.toString().endsWith(".safetensors.index.json")) {
      return plain(path, Format.SAFETENSORS, Safetensors.open(path), choice, config);
    }
    return switch (format(path)) {
      case SAFETENSORS -> plain(path, Format.SAFETENSORS, Safetensors.open(path), choice, config);
      case NPZ -> plain(path, Format.NPZ, Npz.open(path), choice, config);
      case NPY -> plain(path, Format.NPY, NpyFile.open(path), choice, config);
      case TORCH_ZIP, TORCH_LEGACY -> torch(path, choice, config);
    };
  }

  private static Format format(Path path) {
    try (Mappable bytes = Mappable.open(path)) {
      byte[] head = bytes.read(0, (int) Math.min(9, bytes.size()));
      if (head.length >= NPY.length && Arrays.equals(head, 0, NPY.length, NPY, 0, NPY.length)) {
        return Format.NPY;
      }
      if (head.length == 9 && head[8] == '{') {
        return Format.SAFETENSORS;
      }
      if (head.length >= 2 && head[0] == 'P' && head[1] == 'K') {
        ZipDirectory zip = ZipDirectory.open(bytes);
        return zip.entries().keySet().stream().anyMatch(n -> n.endsWith(".npy"))
            ? Format.NPZ
            : Format.TORCH_ZIP;
      }
      return Format.TORCH_LEGACY;
    }
  }

  private static Checkpoint plain(
      Path path, Format format, TensorFile tensors, Choice choice, Map<String, String> config) {
    try {
      Map<String, String> metadata = Training.join(tensors.metadata(), config);
      String has = metadata.getOrDefault(WEIGHTS, "unnamed");
      if (choice == Choice.EMA && !has.equals("ema")) {
        throw new JditException(
            path + " has no EMA weights that it calls so; open it without choosing ema");
      }
      if (choice == Choice.MODEL && has.equals("ema")) {
        throw new JditException(
            path + " has only the EMA weights of a training; open it without choosing model");
      }
      return new Checkpoint(path, format, Int8File.of(tensors), List.of(), metadata, tensors);
    } catch (RuntimeException e) {
      tensors.close();
      throw e;
    }
  }

  private static Checkpoint torch(Path path, Choice choice, Map<String, String> config) {
    TorchFile torch = TorchFile.open(path);
    try {
      Training training = Training.of(torch, choice);
      return new Checkpoint(
          path,
          torch.layout() == TorchFile.Layout.ZIP ? Format.TORCH_ZIP : Format.TORCH_LEGACY,
          training.tensors(),
          training.tensors().unreadable(),
          Training.join(training.metadata(), config),
          torch);
    } catch (RuntimeException e) {
      torch.close();
      throw e;
    }
  }

  /** The kind of the file. */
  public Format format() {
    return format;
  }

  /** Which part of a training checkpoint was taken ("ema", "model"), if the file names parts. */
  public Optional<String> weights() {
    return Optional.ofNullable(metadata.get(WEIGHTS));
  }

  /**
   * The tensors, each with its kind, that are not among {@link #tensors} because their type has no
   * counterpart here (complex, quantised, sparse).
   */
  public List<String> unreadable() {
    return unreadable;
  }

  /** The file with the weights, or the index of those that have them. */
  public Path file() {
    return file;
  }

  /**
   * The SHA-256 of {@link #file}, in hexadecimal; reads it all.
   *
   * @throws JditException if it cannot be read
   */
  public String sha256() {
    try (InputStream in = Files.newInputStream(file)) {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      byte[] chunk = new byte[1 << 20];
      for (int n = in.read(chunk); n >= 0; n = in.read(chunk)) {
        digest.update(chunk, 0, n);
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (IOException e) {
      throw new JditException("cannot read " + file + ": " + e.getMessage(), e);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  @Override
  public String source() {
    return file.toString();
  }

  @Override
  public Map<String, String> metadata() {
    return metadata;
  }

  @Override
  public Map<String, Spec> tensors() {
    return tensors.tensors();
  }

  @Override
  public DType narrowest(String name) {
    return tensors.narrowest(name);
  }

  @Override
  public Tensor map(String name, TensorScope scope) {
    return tensors.map(name, scope);
  }

  @Override
  public void close() {
    try {
      owner.close();
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new JditException("cannot close " + file + ": " + e.getMessage(), e);
    }
  }
}
