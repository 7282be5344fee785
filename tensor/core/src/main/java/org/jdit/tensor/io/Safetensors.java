package org.jdit.tensor.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Strided;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.memory.TensorScope;

/**
 * Reads the safetensors format, in one file or in several that an index names. The tensors come in
 * the order of their bytes.
 */
public final class Safetensors {
  /** How the name of an index ends. */
  static final String INDEX = ".safetensors.index.json";

  private static final String SUFFIX = ".safetensors";

  private Safetensors() {}

  /**
   * Opens a {@code .safetensors} file, a {@code .safetensors.index.json} with the files it names,
   * or a directory that holds one of them.
   *
   * @throws JditException if it is missing, damaged, or has elements of a type that {@link
   *     org.jdit.tensor.DType} lacks
   */
  public static TensorFile open(Path path) {
    if (Files.isDirectory(path)) {
      return open(find(path));
    }
    return path.toString().endsWith(INDEX) ? openShards(path) : open(Mappable.open(path));
  }

  /** As {@link #open(Path)} for bytes that are open already; they are closed with the result. */
  public static TensorFile open(Mappable file) {
    try {
      return new Single(file, SafetensorsHeader.read(file));
    } catch (RuntimeException e) {
      file.close();
      throw e;
    }
  }

  private static Path find(Path directory) {
    List<Path> files;
    try (Stream<Path> content = Files.list(directory)) {
      files = content.sorted().toList();
    } catch (IOException e) {
      throw new JditException(Failure.sentence("cannot read", directory.toString(), e), e);
    }
    for (String suffix : List.of(INDEX, SUFFIX)) {
      List<Path> found = files.stream().filter(f -> f.toString().endsWith(suffix)).toList();
      if (found.size() == 1) {
        return found.getFirst();
      }
      if (found.size() > 1) {
        throw new JditException(
            "%s has several files *%s; name one, for example %s"
                .formatted(directory, suffix, found.getFirst()));
      }
    }
    throw new JditException(directory + " has no file *" + SUFFIX + "; name the file to open");
  }

  private static TensorFile openShards(Path index) {
    Map<String, String> weightMap;
    try (Mappable file = Mappable.open(index)) {
      weightMap = weightMap(file);
    }
    Map<String, TensorFile> shards = new LinkedHashMap<>();
    Sharded sharded = new Sharded(index.toString(), shards, weightMap);
    try {
      for (String name : weightMap.values()) {
        if (!shards.containsKey(name)) {
          shards.put(name, open(Mappable.open(shard(index, name))));
        }
      }
      weightMap.forEach(
          (tensor, name) -> {
            if (!shards.get(name).tensors().containsKey(tensor)) {
              throw new JditException(
                  "%s lacks tensor %s, which %s promises; get an intact copy"
                      .formatted(shards.get(name).source(), Failure.quoted(tensor), index));
            }
          });
      return sharded;
    } catch (RuntimeException e) {
      sharded.close();
      throw e;
    }
  }

  /** The file of each tensor, as an index tells it. */
  static Map<String, String> weightMap(Mappable file) {
    if (file.size() > StrictJson.LARGEST) {
      throw file.damaged("it is larger than 100 MB");
    }
    Map<String, String> weights = new LinkedHashMap<>();
    StrictJson.read(
        file,
        file.read(0, (int) file.size()),
        json ->
            json.object(
                "the index",
                key -> {
                  if (key.equals("weight_map")) {
                    json.object(key, tensor -> weights.put(tensor, json.string("a file name")));
                  } else {
                    json.skip();
                  }
                }));
    if (weights.isEmpty()) {
      throw file.damaged("it has no weight_map, or an empty one");
    }
    return weights;
  }

  private static Path shard(Path index, String name) {
    Path directory = index.toAbsolutePath().normalize().getParent();
    try {
      Path file = directory.resolve(name).normalize();
      if (!Path.of(name).isAbsolute() && file.startsWith(directory) && !name.isEmpty()) {
        return file;
      }
    } catch (InvalidPathException e) {
      throw new JditException(index + " names an impossible file " + Failure.quoted(name), e);
    }
    throw new JditException(
        index + " names a file outside its directory, " + Failure.quoted(name) + "; do not use it");
  }

  private static IllegalArgumentException unknown(String name, TensorFile file) {
    return new IllegalArgumentException("no tensor " + name + " in " + file.source());
  }

  private record Single(Mappable file, SafetensorsHeader header) implements TensorFile {
    @Override
    public String source() {
      return file.source();
    }

    @Override
    public Map<String, String> metadata() {
      return header.metadata();
    }

    @Override
    public Map<String, Spec> tensors() {
      Map<String, Spec> specs = new LinkedHashMap<>();
      header.tensors().forEach((name, located) -> specs.put(name, located.spec()));
      return Collections.unmodifiableMap(specs);
    }

    @Override
    public Tensor map(String name, TensorScope scope) {
      SafetensorsHeader.Located t = header.tensors().get(name);
      if (t == null) {
        throw unknown(name, this);
      }
      return scope.wrap(
          file.map(t.offset(), t.spec().bytes(), scope.arena()),
          t.spec().dtype(),
          Strided.contiguous(t.spec().shape()));
    }

    @Override
    public void close() {
      file.close();
    }
  }

  /** Several files as one; their metadata are joined, the first file's winning. */
  private record Sharded(
      String source, Map<String, TensorFile> shards, Map<String, String> weightMap)
      implements TensorFile {
    @Override
    public Map<String, String> metadata() {
      Map<String, String> all = new LinkedHashMap<>();
      shards.values().forEach(s -> s.metadata().forEach(all::putIfAbsent));
      return Collections.unmodifiableMap(all);
    }

    @Override
    public Map<String, Spec> tensors() {
      Map<String, Spec> specs = new LinkedHashMap<>();
      shards.forEach(
          (shard, file) ->
              file.tensors()
                  .forEach(
                      (name, spec) -> {
                        if (shard.equals(weightMap.get(name))) {
                          specs.put(name, spec);
                        }
                      }));
      return Collections.unmodifiableMap(specs);
    }

    @Override
    public Tensor map(String name, TensorScope scope) {
      String shard = weightMap.get(name);
      if (shard == null) {
        throw unknown(name, this);
      }
      return shards.get(shard).map(name, scope);
    }

    @Override
    public void close() {
      shards.values().forEach(TensorFile::close);
    }
  }
}
