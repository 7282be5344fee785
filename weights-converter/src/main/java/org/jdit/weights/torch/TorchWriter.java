package org.jdit.weights.torch;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.io.AtomicFile;
import org.jdit.tensor.io.TensorEntry;
import org.jdit.tensor.io.ZipWriter;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.memory.TensorScope;
import tools.jackson.databind.json.JsonMapper;

/**
 * Writes a state dict, or what contains some, as {@code torch.save} does: a zip of stored entries
 * that {@code torch.load} reads, also with {@code weights_only} and {@code mmap}.
 */
public final class TorchWriter {
  /** Entry with metadata as JSON, which torch passes over. */
  static final String PROVENANCE = ".data/jdit.json";

  // torch aligns the storages to this.
  private static final int ALIGNMENT = 64;
  private static final int CHUNK = 1 << 20;
  private static final String STEM = "archive/";

  private TorchWriter() {}

  /**
   * Writes an OrderedDict of tensors, atomically and one tensor at a time.
   *
   * @param metadata text to keep with the tensors; empty for none
   * @throws org.jdit.tensor.JditException if the file cannot be written
   */
  public static void write(Path file, Map<String, String> metadata, List<TensorEntry> tensors) {
    write(file, metadata, new SavedValue.Tensors(tensors));
  }

  /**
   * Writes a value with all tensors in it, atomically and one tensor at a time.
   *
   * @param metadata text to keep beside the value; empty for none
   * @throws org.jdit.tensor.JditException if the file cannot be written
   */
  public static void write(Path file, Map<String, String> metadata, SavedValue root) {
    SavedPickle pickle = SavedPickle.of(root);
    List<TensorEntry> tensors = pickle.tensors();
    AtomicFile.write(
        file,
        out -> {
          ZipWriter zip = new ZipWriter(out, ALIGNMENT);
          write(zip, "data.pkl", pickle.bytes());
          write(zip, "byteorder", "little".getBytes(StandardCharsets.US_ASCII));
          for (int i = 0; i < tensors.size(); i++) {
            TensorEntry t = tensors.get(i);
            zip.write(STEM + "data/" + i, t.spec().bytes(), content -> write(t, content));
          }
          write(zip, "version", "3\n".getBytes(StandardCharsets.US_ASCII));
          if (!metadata.isEmpty()) {
            write(zip, PROVENANCE, JsonMapper.shared().writeValueAsBytes(new TreeMap<>(metadata)));
          }
          zip.finish();
        });
  }

  private static void write(ZipWriter zip, String name, byte[] content) throws IOException {
    zip.write(STEM + name, content.length, out -> writeFully(out, ByteBuffer.wrap(content)));
  }

  private static void write(TensorEntry entry, WritableByteChannel out) throws IOException {
    try {
      entry.content().writeTo(piece -> write(piece, entry, out));
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private static void write(Tensor piece, TensorEntry entry, WritableByteChannel out) {
    try (TensorScope scope = TensorScope.open(new Memory())) {
      MemorySegment data = scope.copy(piece, entry.spec().dtype()).concrete().data();
      for (long at = 0; at < data.byteSize(); at += CHUNK) {
        long n = Math.min(CHUNK, data.byteSize() - at);
        writeFully(out, data.asSlice(at, n).asByteBuffer());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void writeFully(WritableByteChannel out, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      out.write(bytes);
    }
  }
}
