package org.jdit.weights.pickle;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jdit.weights.pickle.PickleValue.Bytes;
import org.jdit.weights.pickle.PickleValue.Dict;
import org.jdit.weights.pickle.PickleValue.Global;
import org.jdit.weights.pickle.PickleValue.Instance;
import org.jdit.weights.pickle.PickleValue.Scalar;
import org.jdit.weights.pickle.PickleValue.Sequence;

/**
 * Calls that only wrap plain data (an OrderedDict, a set, bytes before protocol 3, a numpy scalar)
 * read as that data; every other call becomes an {@link Instance}.
 */
final class Constructors {
  private final PickleInput in;

  Constructors(PickleInput in) {
    this.in = in;
  }

  PickleValue apply(PickleValue callee, List<PickleValue> args) {
    if (!(callee instanceof Global global)) {
      return new Instance(callee, args);
    }
    Optional<? extends PickleValue> plain =
        switch (global.toString()) {
          case "collections.OrderedDict", "builtins.dict", "__builtin__.dict" -> dict(args);
          case "collections.defaultdict" -> Optional.of(new Dict());
          case "builtins.set", "builtins.frozenset", "__builtin__.set", "__builtin__.frozenset" ->
              sequence(Sequence.Kind.SET, args);
          case "builtins.list", "__builtin__.list" -> sequence(Sequence.Kind.LIST, args);
          case "builtins.tuple", "__builtin__.tuple", "torch.Size" ->
              sequence(Sequence.Kind.TUPLE, args);
          case "_codecs.encode" -> latin1(args);
          case "builtins.bytes", "__builtin__.bytes" ->
              args.isEmpty() ? Optional.of(new Bytes(new byte[0])) : Optional.empty();
          case "builtins.bytearray", "__builtin__.bytearray" ->
              args.size() == 1 && args.getFirst() instanceof Bytes b
                  ? Optional.of(b)
                  : Optional.empty();
          case "numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar" -> number(args);
          default -> Optional.empty();
        };
    return plain.isPresent() ? plain.get() : new Instance(callee, args);
  }

  /** Python 2 passes the items as a list of pairs; later versions set them one by one. */
  private Optional<Dict> dict(List<PickleValue> args) {
    Dict dict = new Dict();
    if (args.isEmpty()) {
      return Optional.of(dict);
    }
    if (!(args.getFirst() instanceof Sequence pairs) || args.size() > 1) {
      return Optional.empty();
    }
    in.charge(pairs.items().size());
    for (PickleValue pair : pairs.items()) {
      if (!(pair instanceof Sequence p) || p.items().size() != 2) {
        return Optional.empty();
      }
      dict.put(p.items().get(0), p.items().get(1));
    }
    return Optional.of(dict);
  }

  private Optional<Sequence> sequence(Sequence.Kind kind, List<PickleValue> args) {
    if (args.isEmpty()) {
      return Optional.of(new Sequence(kind, new ArrayList<>(0)));
    }
    if (!(args.getFirst() instanceof Sequence items) || args.size() > 1) {
      return Optional.empty();
    }
    in.charge(items.items().size());
    return Optional.of(new Sequence(kind, new ArrayList<>(items.items())));
  }

  private Optional<Bytes> latin1(List<PickleValue> args) {
    if (args.size() != 2
        || !(args.get(0) instanceof Scalar(String text))
        || !(args.get(1) instanceof Scalar(String charset))
        || !charset.startsWith("latin")) {
      return Optional.empty();
    }
    in.charge(text.length());
    if (text.chars().anyMatch(c -> c > 0xff)) {
      throw in.bad("has a character in a byte string");
    }
    return Optional.of(new Bytes(text.getBytes(StandardCharsets.ISO_8859_1)));
  }

  private static Optional<Scalar> number(List<PickleValue> args) {
    if (args.size() != 2
        || !(args.get(0) instanceof Instance dtype && dtype.isFrom("numpy", "dtype"))
        || !(args.get(1) instanceof Bytes bytes)
        || dtype.args().isEmpty()
        || !(dtype.args().getFirst() instanceof Scalar(String type))) {
      return Optional.empty();
    }
    boolean big =
        dtype.state() instanceof Sequence s
            && s.items().size() > 1
            && s.items().get(1) instanceof Scalar(String order)
            && order.equals(">");
    ByteBuffer data =
        ByteBuffer.wrap(bytes.toArray())
            .order(big ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN);
    Object value =
        switch (type + "/" + data.remaining()) {
          case "f8/8" -> data.getDouble();
          case "f4/4" -> (double) data.getFloat();
          case "f2/2" -> (double) Float.float16ToFloat(data.getShort());
          case "i8/8" -> data.getLong();
          case "i4/4" -> (long) data.getInt();
          case "i2/2" -> (long) data.getShort();
          case "i1/1" -> (long) data.get();
          case "u4/4" -> data.getInt() & 0xffffffffL;
          case "u2/2" -> data.getShort() & 0xffffL;
          case "u1/1" -> data.get() & 0xffL;
          case "b1/1" -> data.get() != 0;
          default -> null;
        };
    return Optional.ofNullable(value).map(Scalar::new);
  }
}
