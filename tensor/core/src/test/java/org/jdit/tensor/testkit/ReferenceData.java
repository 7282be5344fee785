package org.jdit.tensor.testkit;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jdit.tensor.DType;
import org.jdit.tensor.Elements;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.memory.TensorScope;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Recorded numbers of the reference implementation: the tensors of a safetensors file by key. Reads
 * the format by itself, so that the data does not pass through code under test.
 */
public final class ReferenceData {
  private record Entry(Spec spec, MemorySegment bytes) {}

  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final String source;
  private final Map<String, Entry> entries = new LinkedHashMap<>();

  private ReferenceData(String source, byte[] file) {
    this.source = source;
    long header = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong();
    JsonNode directory =
        JSON.readTree(new String(file, 8, Math.toIntExact(header), StandardCharsets.UTF_8));
    MemorySegment data = MemorySegment.ofArray(file).asSlice(8 + header);
    directory.forEachEntry(
        (key, e) -> {
          if (!key.equals("__metadata__")) {
            Shape shape = new Shape(e.get("shape").valueStream().map(JsonNode::asInt).toList());
            Spec spec = new Spec(shape, DType.valueOf(e.get("dtype").asString()));
            long from = e.get("data_offsets").get(0).asLong();
            entries.put(key, new Entry(spec, data.asSlice(from, spec.bytes())));
          }
        });
  }

  /** The safetensors file {@code /reference/<name>} of the class path. */
  public static ReferenceData resource(String name) {
    return new ReferenceData(name, read(name));
  }

  /** A safetensors file. */
  public static ReferenceData open(Path file) {
    try {
      return new ReferenceData(file.toString(), Files.readAllBytes(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The JSON file {@code /reference/<name>} of the class path. */
  public static JsonNode json(String name) {
    return JSON.readTree(read(name));
  }

  /** A JSON file. */
  public static JsonNode json(Path file) {
    return JSON.readTree(file);
  }

  private static byte[] read(String name) {
    try (InputStream in = ReferenceData.class.getResourceAsStream("/reference/" + name)) {
      if (in == null) {
        throw new IllegalArgumentException("no reference data " + name + " on the class path");
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** All keys, in the file's order. */
  public Set<String> keys() {
    return Collections.unmodifiableSet(entries.keySet());
  }

  /** Whether there is a tensor of that key. */
  public boolean has(String key) {
    return entries.containsKey(key);
  }

  /** Shape and element type of a tensor. */
  public Spec spec(String key) {
    return entry(key).spec();
  }

  /** Shape of a tensor. */
  public Shape shape(String key) {
    return entry(key).spec().shape();
  }

  /** The elements, row-major. */
  public double[] doubles(String key) {
    Entry e = entry(key);
    double[] a = new double[Math.toIntExact(e.spec().shape().numel())];
    for (int i = 0; i < a.length; i++) {
      a[i] = Elements.get(e.bytes(), e.spec().dtype(), i);
    }
    return a;
  }

  /** The elements, row-major, rounded to float. */
  public float[] floats(String key) {
    double[] d = doubles(key);
    float[] a = new float[d.length];
    for (int i = 0; i < a.length; i++) {
      a[i] = (float) d[i];
    }
    return a;
  }

  /** The elements of an integer tensor, row-major. */
  public long[] longs(String key) {
    Entry e = entry(key);
    long[] a = new long[Math.toIntExact(e.spec().shape().numel())];
    for (int i = 0; i < a.length; i++) {
      a[i] = Elements.getLong(e.bytes(), e.spec().dtype(), i);
    }
    return a;
  }

  /** A copy of a tensor in a scope, of its own element type. */
  public Tensor tensor(String key, TensorScope scope) {
    Entry e = entry(key);
    Tensor t = scope.zeros(e.spec());
    t.concrete().data().copyFrom(e.bytes());
    return t;
  }

  /** Fails unless {@code actual} has the shape of a tensor and is close to it. */
  public void assertClose(String key, Tensor actual, Tolerance tolerance) {
    tolerance.assertClose(key, actual, shape(key), doubles(key));
  }

  private Entry entry(String key) {
    Entry e = entries.get(key);
    if (e == null) {
      throw new IllegalArgumentException(source + " has no tensor " + key);
    }
    return e;
  }
}
