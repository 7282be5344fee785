package org.jdit.tensor.io;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import org.jdit.tensor.DType;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.Value;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.memory.TensorScope;

/** Writes the elements of an entry, row-major and little-endian. */
final class ElementWriter {
  private static final long CHUNK = 1 << 20;

  private final TensorEntry entry;
  private final WritableByteChannel out;
  private long written;

  private ElementWriter(TensorEntry entry, WritableByteChannel out) {
    this.entry = entry;
    this.out = out;
  }

  /** Writes exactly the bytes of the entry's spec. */
  static void write(TensorEntry entry, WritableByteChannel out) throws IOException {
    ElementWriter writer = new ElementWriter(entry, out);
    try {
      entry.content().writeTo(writer::piece);
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
    if (writer.written != entry.spec().shape().numel()) {
      throw writer.mismatch(writer.written);
    }
  }

  private void piece(Tensor piece) {
    long n = piece.shape().numel();
    if (n > entry.spec().shape().numel() - written) {
      throw mismatch(written + n);
    }
    written += n;
    DType dtype = entry.spec().dtype();
    Value.Concrete c = piece.concrete();
    if (piece.dtype() == dtype && c.layout().isContiguous()) {
      write(c.data().asSlice(c.layout().offset() * dtype.bytes(), n * dtype.bytes()));
    } else {
      try (TensorScope scratch = TensorScope.open(new Memory())) {
        write(scratch.copy(piece, dtype).concrete().data());
      }
    }
  }

  private void write(MemorySegment bytes) {
    try {
      for (long at = 0; at < bytes.byteSize(); at += CHUNK) {
        ByteBuffer b = bytes.asSlice(at, Math.min(CHUNK, bytes.byteSize() - at)).asByteBuffer();
        while (b.hasRemaining()) {
          out.write(b);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private IllegalArgumentException mismatch(long elements) {
    return new IllegalArgumentException(
        "tensor %s is declared as %s, but %d elements were handed over"
            .formatted(entry.name(), entry.spec(), elements));
  }
}
