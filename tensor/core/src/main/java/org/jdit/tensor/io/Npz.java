package org.jdit.tensor.io;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jdit.tensor.DType;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.memory.TensorScope;

/**
 * NumPy's format for several arrays ({@code .npz}): a zip file of any size with an {@code .npy} in
 * each entry. Arrays are named without that suffix; other entries are passed over.
 */
public final class Npz {
  private static final String SUFFIX = ".npy";
  private static final int ALIGNMENT = 64;

  private Npz() {}

  /**
   * Opens a file. Stored arrays are mapped; compressed ones are inflated into the scope's memory
   * when they are asked for.
   *
   * @throws JditException if it is missing, damaged, or has elements of a type that {@link DType}
   *     lacks
   */
  public static TensorFile open(Path file) {
    return open(Mappable.open(file));
  }

  /** As {@link #open(Path)} for bytes that are open already; they are closed with the result. */
  public static TensorFile open(Mappable file) {
    ZipDirectory zip = ZipDirectory.open(file);
    try {
      Map<String, Array> arrays = new LinkedHashMap<>();
      for (ZipDirectory.Entry entry : zip.entries().values()) {
        if (entry.name().endsWith(SUFFIX)) {
          String name = entry.name().substring(0, entry.name().length() - SUFFIX.length());
          arrays.put(name, new Array(entry, header(file, zip, entry)));
        }
      }
      return new Archive(file, zip, arrays);
    } catch (RuntimeException e) {
      zip.close();
      throw e;
    }
  }

  private static NpyHeader header(Mappable file, ZipDirectory zip, ZipDirectory.Entry entry) {
    try (InputStream in = zip.stream(entry)) {
      return NpyHeader.read(
          in,
          entry.size(),
          what -> file.damaged("in its entry " + Failure.quoted(entry.name()) + ", " + what));
    } catch (IOException e) {
      throw new JditException(Failure.sentence("cannot read", file.source(), e), e);
    }
  }

  /**
   * Writes a file of uncompressed arrays, atomically and one tensor at a time.
   *
   * @throws JditException if the file cannot be written, or elements are bfloat16, which NumPy
   *     lacks
   * @throws IllegalArgumentException if two tensors have the same name, or one hands over more or
   *     fewer elements than it declares
   */
  public static void write(Path file, List<TensorEntry> tensors) {
    AtomicFile.write(
        file,
        out -> {
          ZipWriter zip = new ZipWriter(out, ALIGNMENT);
          for (TensorEntry t : tensors) {
            byte[] header = NpyHeader.bytes(t.spec());
            zip.write(
                t.name() + SUFFIX,
                header.length + t.spec().bytes(),
                content -> {
                  content.write(ByteBuffer.wrap(header));
                  ElementWriter.write(t, content);
                });
          }
          zip.finish();
        });
  }

  private record Array(ZipDirectory.Entry entry, NpyHeader header) {
    Spec spec() {
      return new Spec(header.layout().shape(), header.dtype());
    }
  }

  private record Archive(Mappable file, ZipDirectory zip, Map<String, Array> arrays)
      implements TensorFile {
    @Override
    public String source() {
      return file.source();
    }

    @Override
    public Map<String, String> metadata() {
      return Map.of();
    }

    @Override
    public Map<String, Spec> tensors() {
      Map<String, Spec> specs = new LinkedHashMap<>();
      arrays.forEach((name, array) -> specs.put(name, array.spec()));
      return Collections.unmodifiableMap(specs);
    }

    @Override
    public Tensor map(String name, TensorScope scope) {
      Array array = arrays.get(name);
      if (array == null) {
        throw new IllegalArgumentException("no tensor " + name + " in " + source());
      }
      NpyHeader h = array.header();
      MemorySegment data =
          switch (array.entry().method()) {
            case STORED -> file.map(array.entry().offset() + h.length(), h.bytes(), scope.arena());
            case DEFLATED -> inflate(array, scope);
          };
      return scope.wrap(data, h.dtype(), h.layout());
    }

    private MemorySegment inflate(Array array, TensorScope scope) {
      MemorySegment data = scope.zeros(array.spec()).concrete().data();
      try (InputStream in = zip.stream(array.entry())) {
        in.skipNBytes(array.header().length());
        byte[] chunk = new byte[1 << 16];
        long at = 0;
        while (at < data.byteSize()) {
          int n = in.read(chunk);
          MemorySegment.copy(chunk, 0, data, ValueLayout.JAVA_BYTE, at, n);
          at += n;
        }
        return data;
      } catch (IOException e) {
        throw new JditException(Failure.sentence("cannot read", source(), e), e);
      }
    }

    @Override
    public void close() {
      zip.close();
    }
  }
}
