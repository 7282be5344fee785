package org.jdit.tensor.io;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jdit.tensor.DType;
import org.jdit.tensor.Spec;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/**
 * The header of a safetensors file: its length (8 bytes, little-endian), then JSON that maps each
 * name to element type, shape and the range of its bytes behind the header. The tensors fill the
 * file without gaps.
 *
 * @param metadata text of the key {@code __metadata__}
 * @param tensors the tensors in the order of their bytes
 */
record SafetensorsHeader(Map<String, String> metadata, Map<String, Located> tensors) {
  private static final String METADATA = "__metadata__";

  /** Where the bytes of a tensor begin in the file. */
  record Located(Spec spec, long offset) {}

  /** The order in which the reference implementation writes tensors: by alignment, then name. */
  static final Comparator<TensorEntry> ORDER =
      Comparator.comparingInt((TensorEntry e) -> alignmentRank(e.spec().dtype()))
          .thenComparing(TensorEntry::name);

  private static int alignmentRank(DType dtype) {
    return switch (dtype) {
      case I64 -> 0;
      case F64 -> 1;
      case F32 -> 2;
      case I32 -> 3;
      case BF16 -> 4;
      case F16 -> 5;
      case I16 -> 6;
      case I8 -> 7;
      case U8 -> 8;
      case BOOL -> 9;
    };
  }

  /** Reads and checks the header of a file. */
  static SafetensorsHeader read(Mappable file) {
    if (file.size() < Long.BYTES) {
      throw file.damaged("it is too short for a safetensors file");
    }
    long length =
        ByteBuffer.wrap(file.read(0, Long.BYTES)).order(ByteOrder.LITTLE_ENDIAN).getLong();
    if (length < 2 || length > file.size() - Long.BYTES) {
      throw file.damaged(
          "it is not a safetensors file, or is cut off: it declares a header of %s bytes in %d bytes"
              .formatted(Long.toUnsignedString(length), file.size()));
    }
    if (length > StrictJson.LARGEST) {
      throw file.damaged("its header is larger than 100 MB");
    }
    return new Reader(file, Long.BYTES + length).read(file.read(Long.BYTES, (int) length));
  }

  /** The bytes in front of the tensors, which are written in the given order. */
  static byte[] bytes(Map<String, String> metadata, List<TensorEntry> entries) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(new byte[Long.BYTES]);
    try (JsonGenerator json = new JsonFactory().createGenerator(ObjectWriteContext.empty(), out)) {
      json.writeStartObject();
      if (!metadata.isEmpty()) {
        json.writeName(METADATA).writeStartObject();
        new TreeMap<>(metadata).forEach(json::writeStringProperty);
        json.writeEndObject();
      }
      long at = 0;
      for (TensorEntry e : entries) {
        long end = Math.addExact(at, e.spec().bytes());
        json.writeName(e.name()).writeStartObject();
        json.writeStringProperty("dtype", e.spec().dtype().name());
        json.writeName("shape");
        json.writeArray(e.spec().shape().toArray(), 0, e.spec().shape().rank());
        json.writeName("data_offsets").writeArray(new long[] {at, end}, 0, 2);
        json.writeEndObject();
        at = end;
      }
      json.writeEndObject();
    }
    while (out.size() % Long.BYTES != 0) {
      out.write(' ');
    }
    byte[] bytes = out.toByteArray();
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(bytes.length - Long.BYTES);
    return bytes;
  }

  private static final class Reader {
    private final Mappable file;
    private final long start;
    private final Map<String, String> metadata = new LinkedHashMap<>();
    private final Map<String, Range> ranges = new LinkedHashMap<>();

    private record Range(Spec spec, long begin, long end) {}

    Reader(Mappable file, long start) {
      this.file = file;
      this.start = start;
    }

    SafetensorsHeader read(byte[] bytes) {
      StrictJson.read(
          file,
          bytes,
          json ->
              json.object(
                  "its header",
                  name -> {
                    if (name.equals(METADATA)) {
                      json.object(
                          name, key -> metadata.put(key, json.string("a value of " + name)));
                    } else {
                      ranges.put(name, range(json, name));
                    }
                  }));
      return new SafetensorsHeader(Collections.unmodifiableMap(metadata), located());
    }

    private Range range(StrictJson json, String name) {
      String tensor = "tensor " + Failure.quoted(name);
      Map<String, Object> fields = new TreeMap<>();
      json.object(
          tensor,
          field -> {
            Object value =
                switch (field) {
                  case "dtype" -> dtype(json.string("the dtype of " + tensor), tensor);
                  case "shape" -> counts(json, "the shape of " + tensor);
                  case "data_offsets" -> counts(json, "a data offset of " + tensor);
                  default ->
                      throw file.damaged(tensor + " has an unknown field " + Failure.quoted(field));
                };
            fields.put(field, value);
          });
      if (fields.get("dtype") instanceof DType dtype
          && fields.get("shape") instanceof List<?> shape
          && fields.get("data_offsets") instanceof List<?> offsets) {
        return range(tensor, dtype, longs(shape), longs(offsets));
      }
      throw file.damaged(tensor + " lacks a dtype, a shape or data_offsets");
    }

    private Range range(String tensor, DType dtype, long[] shape, long[] offsets) {
      if (offsets.length != 2 || offsets[0] > offsets[1]) {
        throw file.damaged("the data_offsets of " + tensor + " are not a begin and an end");
      }
      Spec spec =
          Sizes.spec(shape, dtype).orElseThrow(() -> file.damaged(tensor + " is too large"));
      if (spec.bytes() != offsets[1] - offsets[0]) {
        throw file.damaged(
            "%s has %d bytes, but its shape %s takes %d"
                .formatted(tensor, offsets[1] - offsets[0], spec, spec.bytes()));
      }
      return new Range(spec, offsets[0], offsets[1]);
    }

    private static long[] longs(List<?> numbers) {
      return numbers.stream().mapToLong(n -> (Long) n).toArray();
    }

    private List<Long> counts(StrictJson json, String what) {
      List<Long> counts = new ArrayList<>();
      json.array(what, () -> counts.add(json.count(what)));
      return counts;
    }

    private DType dtype(String name, String tensor) {
      return Arrays.stream(DType.values())
          .filter(d -> d.name().equals(name))
          .findFirst()
          .orElseThrow(
              () ->
                  file.damaged(
                      "%s has elements of type %s, which is none of %s"
                          .formatted(
                              tensor, Failure.quoted(name), Arrays.toString(DType.values()))));
    }

    /** Puts the tensors in the order of their bytes, which must fill the rest of the file. */
    private Map<String, Located> located() {
      List<Map.Entry<String, Range>> sorted = new ArrayList<>(ranges.entrySet());
      sorted.sort(
          Comparator.comparingLong((Map.Entry<String, Range> e) -> e.getValue().begin())
              .thenComparingLong(e -> e.getValue().end()));
      Map<String, Located> located = new LinkedHashMap<>();
      long end = 0;
      for (Map.Entry<String, Range> e : sorted) {
        Range r = e.getValue();
        if (r.begin() != end) {
          throw file.damaged(
              "tensor %s %s the one before it"
                  .formatted(
                      Failure.quoted(e.getKey()),
                      r.begin() < end ? "overlaps" : "leaves a gap after"));
        }
        end = r.end();
        located.put(e.getKey(), new Located(r.spec(), start + r.begin()));
      }
      if (end != file.size() - start) {
        throw file.damaged(
            "it declares %d bytes of tensors, but has %d".formatted(end, file.size() - start));
      }
      return Collections.unmodifiableMap(located);
    }
  }
}
