package org.jdit.tensor.io;

import java.io.ByteArrayInputStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.memory.TensorScope;

/** NumPy's format for one array ({@code .npy}, versions 1 to 3). */
public final class Npy {
  private Npy() {}

  /**
   * Maps the array of a file; its numbers live until {@code scope} closes. Arrays in Fortran order
   * come as strided tensors.
   *
   * @throws org.jdit.tensor.JditException if the file is missing, damaged, big-endian, or has
   *     elements of a type that {@link org.jdit.tensor.DType} lacks
   */
  public static Tensor map(Path file, TensorScope scope) {
    try (Mappable bytes = Mappable.open(file)) {
      return map(bytes, scope);
    }
  }

  /** As {@link #map(Path, TensorScope)} for bytes that are open already. */
  public static Tensor map(Mappable file, TensorScope scope) {
    byte[] start = file.read(0, (int) Math.min(file.size(), NpyHeader.LARGEST));
    NpyHeader header = NpyHeader.read(new ByteArrayInputStream(start), file.size(), file::damaged);
    return scope.wrap(
        file.map(header.length(), header.bytes(), scope.arena()), header.dtype(), header.layout());
  }

  /**
   * Writes a file as NumPy does (version 1, C order), atomically.
   *
   * @throws org.jdit.tensor.JditException if the file cannot be written, or the elements are
   *     bfloat16, which NumPy lacks
   */
  public static void write(Path file, Tensor tensor) {
    ByteBuffer header = ByteBuffer.wrap(NpyHeader.bytes(tensor.spec()));
    AtomicFile.write(
        file,
        out -> {
          while (header.hasRemaining()) {
            out.write(header);
          }
          ElementWriter.write(TensorEntry.of(file.toString(), tensor), out);
        });
  }
}
