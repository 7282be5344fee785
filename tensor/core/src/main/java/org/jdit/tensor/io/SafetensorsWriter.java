package org.jdit.tensor.io;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import tools.jackson.core.util.DefaultIndenter;
import tools.jackson.core.util.DefaultPrettyPrinter;
import tools.jackson.core.util.Separators;
import tools.jackson.core.util.Separators.Spacing;
import tools.jackson.databind.json.JsonMapper;

/**
 * Writes the safetensors format, one tensor at a time. The same tensors and metadata always give
 * the same bytes, those of the reference implementation: tensors are ordered by the alignment of
 * their element type, then by name; metadata by key.
 */
public final class SafetensorsWriter {
  private SafetensorsWriter() {}

  /**
   * Writes one file, atomically.
   *
   * @param metadata text to keep with the tensors; empty for none
   * @throws org.jdit.tensor.JditException if the file cannot be written
   * @throws IllegalArgumentException if two tensors have the same name, or one hands over more or
   *     fewer elements than it declares
   */
  public static void write(Path file, Map<String, String> metadata, List<TensorEntry> tensors) {
    checkNames(tensors);
    List<TensorEntry> sorted = tensors.stream().sorted(SafetensorsHeader.ORDER).toList();
    AtomicFile.write(
        file,
        out -> {
          ByteBuffer header = ByteBuffer.wrap(SafetensorsHeader.bytes(metadata, sorted));
          while (header.hasRemaining()) {
            out.write(header);
          }
          for (TensorEntry t : sorted) {
            ElementWriter.write(t, out);
          }
        });
  }

  /**
   * Writes {@code stem-00001-of-0000N.safetensors} and so on with an index, {@code
   * stem.safetensors.index.json}; or just {@code stem.safetensors} if that is not more than {@code
   * maxShardBytes}. The index is written last. Use it within {@link AtomicFile#writeDirectory} for
   * files that appear together or not at all.
   *
   * @param directory an existing directory
   * @param maxShardBytes the most bytes of tensors in one file; a larger tensor has a file of its
   *     own
   * @return the file to open: the index or the only file
   */
  public static Path writeSharded(
      Path directory,
      String stem,
      Map<String, String> metadata,
      List<TensorEntry> tensors,
      long maxShardBytes) {
    checkNames(tensors);
    List<List<TensorEntry>> shards = shards(tensors, maxShardBytes);
    if (shards.size() == 1) {
      Path only = directory.resolve(stem + ".safetensors");
      write(only, metadata, tensors);
      return only;
    }
    Map<String, String> weightMap = new TreeMap<>();
    for (int i = 0; i < shards.size(); i++) {
      String name = "%s-%05d-of-%05d.safetensors".formatted(stem, i + 1, shards.size());
      write(directory.resolve(name), metadata, shards.get(i));
      shards.get(i).forEach(t -> weightMap.put(t.name(), name));
    }
    Path index = directory.resolve(stem + Safetensors.INDEX);
    String json = index(weightMap, tensors.stream().mapToLong(t -> t.spec().bytes()).sum());
    AtomicFile.write(
        index,
        out -> {
          ByteBuffer bytes = StandardCharsets.UTF_8.encode(json);
          while (bytes.hasRemaining()) {
            out.write(bytes);
          }
        });
    return index;
  }

  private static void checkNames(List<TensorEntry> tensors) {
    Set<String> names = new HashSet<>(Set.of("__metadata__"));
    for (TensorEntry t : tensors) {
      if (!names.add(t.name())) {
        throw new IllegalArgumentException("a second tensor called " + t.name());
      }
    }
  }

  /** Fills one file after the other, in the caller's order. */
  private static List<List<TensorEntry>> shards(List<TensorEntry> tensors, long maxShardBytes) {
    List<List<TensorEntry>> shards = new ArrayList<>(List.of(new ArrayList<>()));
    long bytes = 0;
    for (TensorEntry t : tensors) {
      if (bytes > maxShardBytes - t.spec().bytes() && !shards.getLast().isEmpty()) {
        shards.add(new ArrayList<>());
        bytes = 0;
      }
      shards.getLast().add(t);
      bytes += t.spec().bytes();
    }
    return shards;
  }

  private static String index(Map<String, String> weightMap, long totalBytes) {
    DefaultIndenter indenter = new DefaultIndenter("  ", "\n");
    DefaultPrettyPrinter printer =
        new DefaultPrettyPrinter(
                Separators.createDefaultInstance().withObjectNameValueSpacing(Spacing.AFTER))
            .withObjectIndenter(indenter);
    Map<String, Object> index = new TreeMap<>();
    index.put("metadata", Map.of("total_size", totalBytes));
    index.put("weight_map", weightMap);
    return new JsonMapper().writer().with(printer).writeValueAsString(index) + "\n";
  }
}
