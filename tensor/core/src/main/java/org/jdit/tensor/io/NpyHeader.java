package org.jdit.tensor.io;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jdit.tensor.DType;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Strided;

/**
 * What stands before the numbers of an array in NumPy's format: magic, version, length, and a
 * Python dictionary with the keys {@code descr}, {@code fortran_order} and {@code shape}.
 *
 * @param dtype type of the elements
 * @param layout where the elements lie behind the header
 * @param length bytes of the header
 */
record NpyHeader(DType dtype, Strided layout, int length) {
  /** The most bytes a header can have; version 1 can have no more, and others need no more. */
  static final int LARGEST = 12 + 0xffff;

  private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
  private static final int ALIGNMENT = 64;
  private static final int MOST_AXES = 64;

  /** NumPy leaves room for the first size to grow to so many digits. */
  private static final int GROWTH_DIGITS = 21;

  private static final Pattern ITEM =
      Pattern.compile(
          "\\s*(['\"])(\\w{1,20})\\1\\s*:"
              + "\\s*(?:(['\"])([^'\"]{1,20})\\3|(True|False)|\\(([\\dL,\\s]*)\\))\\s*(?:,|(?=\\}))");

  /** Bytes of the numbers. */
  long bytes() {
    return new Spec(layout.shape(), dtype).bytes();
  }

  /**
   * Reads a header, and checks that the numbers it declares are just the rest of {@code size}
   * bytes.
   *
   * @param damaged makes the failure of a sentence about what is wrong
   */
  static NpyHeader read(InputStream in, long size, Function<String, JditException> damaged) {
    try {
      byte[] start = in.readNBytes(8);
      if (start.length < 8 || !Arrays.equals(start, 0, MAGIC.length, MAGIC, 0, MAGIC.length)) {
        throw damaged.apply("it is not an array in NumPy's format");
      }
      int version = start[6];
      if (version < 1 || version > 3 || start[7] != 0) {
        throw damaged.apply(
            "NumPy format version %d.%d is none of 1.0, 2.0, 3.0".formatted(version, start[7]));
      }
      byte[] field = in.readNBytes(version == 1 ? 2 : 4);
      long length = field.length < (version == 1 ? 2 : 4) ? -1 : littleEndian(field);
      if (length < 0 || length > LARGEST - 12 || length > size - 8 - field.length) {
        throw damaged.apply("its NumPy header is cut off or too long");
      }
      byte[] text = in.readNBytes((int) length);
      int total = 8 + field.length + text.length;
      Charset charset = version == 3 ? StandardCharsets.UTF_8 : StandardCharsets.ISO_8859_1;
      return parse(
          charset.newDecoder().decode(ByteBuffer.wrap(text)).toString(), total, size, damaged);
    } catch (CharacterCodingException e) {
      throw damaged.apply("its NumPy header is not UTF-8");
    } catch (IOException e) {
      throw damaged.apply(e.getMessage());
    }
  }

  private static long littleEndian(byte[] field) {
    ByteBuffer b = ByteBuffer.wrap(Arrays.copyOf(field, 4)).order(ByteOrder.LITTLE_ENDIAN);
    return Integer.toUnsignedLong(b.getInt());
  }

  private static NpyHeader parse(
      String text, int length, long size, Function<String, JditException> damaged) {
    Map<String, String> items = items(text).orElse(Map.of());
    if (!items.keySet().equals(Set.of("descr", "fortran_order", "shape"))) {
      throw damaged.apply(
          "its NumPy header is not one array of numbers: " + Failure.quoted(text.strip()));
    }
    DType dtype =
        dtype(items.get("descr"))
            .orElseThrow(
                () ->
                    damaged.apply(
                        "NumPy type %s is not one of little-endian f2, f4, f8, i1 to i8, u1, b1"
                            .formatted(Failure.quoted(items.get("descr")))));
    Spec spec =
        shape(items.get("shape"))
            .flatMap(sizes -> Sizes.spec(sizes, dtype))
            .orElseThrow(
                () ->
                    damaged.apply(
                        "its shape %s is not one of a tensor"
                            .formatted(Failure.quoted(items.get("shape")))));
    if (spec.bytes() != size - length) {
      throw damaged.apply(
          "its shape %s takes %d bytes, but it has %d"
              .formatted(spec, spec.bytes(), size - length));
    }
    boolean fortran = items.get("fortran_order").equals("True");
    return new NpyHeader(dtype, layout(spec.shape(), fortran), length);
  }

  /** The items of the dictionary, or empty if it is malformed. */
  private static Optional<Map<String, String>> items(String text) {
    int open = text.indexOf('{');
    int close = text.lastIndexOf('}');
    if (open < 0
        || close < open
        || !(text.substring(0, open) + text.substring(close + 1)).isBlank()) {
      return Optional.empty();
    }
    Map<String, String> items = new HashMap<>();
    Matcher m = ITEM.matcher(text).region(open + 1, close + 1);
    while (m.lookingAt()) {
      boolean fits =
          switch (m.group(2)) {
            case "descr" -> m.group(4) != null;
            case "fortran_order" -> m.group(5) != null;
            case "shape" -> m.group(6) != null;
            default -> false;
          };
      String value =
          Optional.ofNullable(m.group(4))
              .or(() -> Optional.ofNullable(m.group(5)))
              .orElse(m.group(6));
      if (!fits || items.putIfAbsent(m.group(2), value) != null) {
        return Optional.empty();
      }
      m.region(m.end(), close + 1);
    }
    return text.substring(m.regionStart(), close).isBlank() ? Optional.of(items) : Optional.empty();
  }

  private static Optional<DType> dtype(String descr) {
    return switch (descr) {
      case "<f8" -> Optional.of(DType.F64);
      case "<f4" -> Optional.of(DType.F32);
      case "<f2" -> Optional.of(DType.F16);
      case "<i8" -> Optional.of(DType.I64);
      case "<i4" -> Optional.of(DType.I32);
      case "<i2" -> Optional.of(DType.I16);
      case "|i1", "<i1" -> Optional.of(DType.I8);
      case "|u1", "<u1" -> Optional.of(DType.U8);
      case "|b1", "<b1" -> Optional.of(DType.BOOL);
      default -> Optional.empty();
    };
  }

  /** The sizes in a Python tuple: "", "5," or "2, 3"; Python 2 marks long numbers by an L. */
  private static Optional<long[]> shape(String tuple) {
    if (tuple.isBlank()) {
      return Optional.of(new long[0]);
    }
    String[] sizes = tuple.split(",", -1);
    boolean trailing = sizes[sizes.length - 1].isBlank();
    int rank = sizes.length - (trailing ? 1 : 0);
    if (rank > MOST_AXES || (rank == 1 && !trailing)) {
      return Optional.empty();
    }
    long[] result = new long[rank];
    for (int i = 0; i < rank; i++) {
      String digits = sizes[i].strip();
      if (!digits.matches("\\d{1,18}L?")) {
        return Optional.empty();
      }
      result[i] = Long.parseLong(digits.replace("L", ""));
    }
    return Optional.of(result);
  }

  private static Strided layout(Shape shape, boolean fortran) {
    if (!fortran) {
      return Strided.contiguous(shape);
    }
    var reversed = IntStream.range(0, shape.rank()).mapToObj(i -> shape.rank() - 1 - i).toList();
    Shape columns = new Shape(reversed.stream().map(shape::dim).toList());
    return Strided.contiguous(columns).permute(reversed);
  }

  /** The header that NumPy writes for an array in C order. */
  static byte[] bytes(Spec spec) {
    Shape shape = spec.shape();
    String sizes =
        shape.dims().stream().map(String::valueOf).collect(Collectors.joining(", "))
            + (shape.rank() == 1 ? "," : "");
    StringBuilder text =
        new StringBuilder(
            "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }"
                .formatted(descr(spec.dtype()), sizes));
    if (shape.rank() > 0) {
      text.repeat(' ', GROWTH_DIGITS - String.valueOf(shape.dim(0)).length());
    }
    int unpadded = 10 + text.length() + 1;
    text.repeat(' ', ALIGNMENT - unpadded % ALIGNMENT).append('\n');
    return ByteBuffer.allocate(10 + text.length())
        .order(ByteOrder.LITTLE_ENDIAN)
        .put(MAGIC)
        .put((byte) 1)
        .put((byte) 0)
        .putShort((short) text.length())
        .put(text.toString().getBytes(StandardCharsets.ISO_8859_1))
        .array();
  }

  private static String descr(DType dtype) {
    return switch (dtype) {
      case F64 -> "<f8";
      case F32 -> "<f4";
      case F16 -> "<f2";
      case I64 -> "<i8";
      case I32 -> "<i4";
      case I16 -> "<i2";
      case I8 -> "|i1";
      case U8 -> "|u1";
      case BOOL -> "|b1";
      case BF16 -> throw new JditException("NumPy has no bfloat16 numbers; write float32 instead");
    };
  }
}
