package org.jdit.weights.torch;

import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jdit.tensor.Strided;
import org.jdit.tensor.io.TensorEntry;

/**
 * The pickle (protocol 2) of an OrderedDict of contiguous tensors, the i-th in storage {@code i}.
 */
final class StateDictPickle {
  private static final String ORDERED_DICT = "collections\nOrderedDict\n";

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  private StateDictPickle() {}

  static byte[] of(List<TensorEntry> tensors) {
    StateDictPickle pickle = new StateDictPickle();
    pickle.op(0x80).op(2).emptyOrderedDict().op('(');
    for (int i = 0; i < tensors.size(); i++) {
      pickle.text(tensors.get(i).name()).tensor(tensors.get(i), i);
    }
    pickle.op('u').op('.');
    return pickle.out.toByteArray();
  }

  private StateDictPickle tensor(TensorEntry t, int storage) {
    Strided layout = Strided.contiguous(t.spec().shape());
    global("torch._utils\n_rebuild_tensor_v2\n").op('(');
    op('(').text("storage").global("torch\n" + StorageType.of(t.spec().dtype()).torchName() + "\n");
    text(Integer.toString(storage)).text("cpu").integer(t.spec().shape().numel()).op('t').op('Q');
    integer(0);
    tuple(t.spec().shape().dims()).tuple(layout.strides());
    return op(0x89).emptyOrderedDict().op('t').op('R');
  }

  private StateDictPickle tuple(List<? extends Number> items) {
    op('(');
    items.forEach(i -> integer(i.longValue()));
    return op('t');
  }

  private StateDictPickle emptyOrderedDict() {
    return global(ORDERED_DICT).op(')').op('R');
  }

  private StateDictPickle global(String lines) {
    op('c').out.writeBytes(lines.getBytes(StandardCharsets.UTF_8));
    return this;
  }

  private StateDictPickle text(String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    op('X').out.writeBytes(fourBytes(utf8.length));
    out.writeBytes(utf8);
    return this;
  }

  private StateDictPickle integer(long n) {
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

  private StateDictPickle op(int code) {
    out.write(code);
    return this;
  }

  private static byte[] fourBytes(int n) {
    return ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(n).array();
  }
}
