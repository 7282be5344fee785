package org.jdit.weights.torch;

import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jdit.tensor.Strided;
import org.jdit.tensor.io.TensorEntry;
import org.jdit.weights.torch.SavedValue.Scalar;

/**
 * The pickle (protocol 2) of a value. Its tensors are contiguous, the i-th that is met in storage
 * {@code i}.
 */
final class SavedPickle {
  private static final String ORDERED_DICT = "collections\nOrderedDict\n";

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final List<TensorEntry> tensors = new ArrayList<>();

  private SavedPickle() {}

  static SavedPickle of(SavedValue root) {
    SavedPickle pickle = new SavedPickle();
    pickle.op(0x80).op(2).value(root).op('.');
    return pickle;
  }

  /** The pickle. */
  byte[] bytes() {
    return out.toByteArray();
  }

  /** The tensors in the order of their storages. */
  List<TensorEntry> tensors() {
    return Collections.unmodifiableList(tensors);
  }

  private SavedPickle value(SavedValue value) {
    switch (value) {
      case Scalar scalar -> scalar(scalar);
      case SavedValue.Sequence s -> {
        boolean list = s.kind() == SavedValue.Sequence.Kind.LIST;
        if (list) {
          op(']');
        }
        op('(');
        s.items().forEach(this::value);
        op(list ? 'e' : 't');
      }
      case SavedValue.Dict dict -> {
        op('}').op('(');
        dict.entries().forEach((k, v) -> scalar(k).value(v));
        op('u');
      }
      case SavedValue.Tensors dict -> {
        emptyOrderedDict().op('(');
        dict.tensors().forEach(t -> text(t.name()).tensor(t));
        op('u');
      }
      case SavedValue.Stored stored -> tensor(stored.entry());
    }
    return this;
  }

  private SavedPickle scalar(Scalar scalar) {
    return switch (scalar.value()) {
      case null -> op('N');
      case Boolean b -> op(b ? 0x88 : 0x89);
      case Long n -> integer(n);
      case Double d -> real(d);
      case String s -> text(s);
      default -> throw new IllegalStateException("the constructor lets no other type in");
    };
  }

  private SavedPickle tensor(TensorEntry t) {
    Strided layout = Strided.contiguous(t.spec().shape());
    global("torch._utils\n_rebuild_tensor_v2\n").op('(');
    op('(').text("storage").global("torch\n" + StorageType.of(t.spec().dtype()).torchName() + "\n");
    text(Integer.toString(tensors.size())).text("cpu");
    tensors.add(t);
    integer(t.spec().shape().numel()).op('t').op('Q');
    integer(0);
    tuple(t.spec().shape().dims()).tuple(layout.strides());
    return op(0x89).emptyOrderedDict().op('t').op('R');
  }

  private SavedPickle tuple(List<? extends Number> items) {
    op('(');
    items.forEach(i -> integer(i.longValue()));
    return op('t');
  }

  private SavedPickle emptyOrderedDict() {
    return global(ORDERED_DICT).op(')').op('R');
  }

  private SavedPickle global(String lines) {
    op('c').out.writeBytes(lines.getBytes(StandardCharsets.UTF_8));
    return this;
  }

  private SavedPickle text(String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    op('X').out.writeBytes(fourBytes(utf8.length));
    out.writeBytes(utf8);
    return this;
  }

  private SavedPickle real(double d) {
    op('G').out.writeBytes(ByteBuffer.allocate(8).putDouble(d).array());
    return this;
  }

  private SavedPickle integer(long n) {
    if (n == (int) n) {
      op('J').out.writeBytes(fourBytes((int) n));
      return this;
    }
    byte[] big = BigInteger.valueOf(n).toByteArray();
    op(0x8a).op(big.length);
    for (int i = big.length - 1; i >= 0; i--) {
      op(big[i]);
    }
    return this;
  }

  private SavedPickle op(int code) {
    out.write(code);
    return this;
  }

  private static byte[] fourBytes(int n) {
    return ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(n).array();
  }
}
