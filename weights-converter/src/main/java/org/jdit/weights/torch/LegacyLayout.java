package org.jdit.weights.torch;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.math.BigInteger;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jdit.tensor.JditException;
import org.jdit.tensor.io.Mappable;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.weights.pickle.PickleValue;
import org.jdit.weights.pickle.PickleValue.Dict;
import org.jdit.weights.pickle.PickleValue.Persistent;
import org.jdit.weights.pickle.PickleValue.Scalar;
import org.jdit.weights.pickle.PickleValue.Sequence;
import org.jdit.weights.pickle.Unpickler;
import org.jdit.weights.pickle.Unpickler.Loaded;

/**
 * The layout before torch 1.6: five pickles in a row (magic number, version, byte order, the
 * object, the keys of its storages), then for each key the element count and the raw numbers.
 */
final class LegacyLayout {
  private static final BigInteger MAGIC = new BigInteger("1950a86a20f9469cfc6c", 16);
  private static final long VERSION = 1001;
  private static final ValueLayout.OfLong I64 =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private record Extent(long offset, long bytes) {}

  private LegacyLayout() {}

  static TorchFile open(Mappable file) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment data = file.map(0, file.size(), arena);
      String source = file.source();
      checkMagic(data, source);
      Loaded magic = Unpickler.load(data, 0, source);
      Loaded version = Unpickler.load(data, magic.end(), source);
      if (!version.value().equals(new Scalar(VERSION))) {
        throw new JditException(
            source + " has an unknown version of torch's old format: " + version.value());
      }
      Loaded system = Unpickler.load(data, version.end(), source);
      if (system.value() instanceof Dict d
          && d.get("little_endian").equals(Optional.of(new Scalar(false)))) {
        throw new JditException(
            source + " was written on a big-endian machine; save it again on a little-endian one");
      }
      Loaded object = Unpickler.load(data, system.end(), source);
      Loaded keys = Unpickler.load(data, object.end(), source);
      Map<String, Extent> extents = extents(data, object, keys, source);
      return TorchFile.of(
          TorchFile.Layout.LEGACY, object.value(), new Raw(file, extents), Map.of());
    }
  }

  private static void checkMagic(MemorySegment data, String source) {
    boolean magic = false;
    if (data.byteSize() >= 15 && data.get(ValueLayout.JAVA_BYTE, 0) == (byte) 0x80) {
      magic = Unpickler.load(data, 0, source).value().equals(new Scalar(MAGIC));
    }
    if (!magic) {
      throw new JditException(
          source + " is neither a torch file nor another kind of weights file that is known");
    }
  }

  private static Map<String, Extent> extents(
      MemorySegment data, Loaded object, Loaded keys, String source) {
    Map<String, StorageRef> refs = new HashMap<>();
    for (Persistent p : object.persistent()) {
      StorageRef ref = StorageRef.of(p, source);
      StorageRef other = refs.putIfAbsent(ref.key(), ref);
      if (other != null && !other.equals(ref)) {
        throw damaged(source, "describes the storage " + ref.key() + " in two ways");
      }
    }
    if (!(keys.value() instanceof Sequence list)) {
      throw damaged(source, "has no list of storages");
    }
    Map<String, Extent> extents = new HashMap<>();
    long at = keys.end();
    for (PickleValue item : list.items()) {
      StorageRef ref = item instanceof Scalar(String key) ? refs.get(key) : null;
      if (ref == null || extents.containsKey(ref.key())) {
        throw damaged(source, "lists a storage that no tensor has");
      }
      if (at + 8 > data.byteSize() || data.get(I64, at) != ref.numel()) {
        throw damaged(source, "has another length for the storage " + ref.key());
      }
      if (ref.bytes() > data.byteSize() - at - 8) {
        throw damaged(source, "ends inside the storage " + ref.key());
      }
      extents.put(ref.key(), new Extent(at + 8, ref.bytes()));
      at += 8 + ref.bytes();
    }
    return extents;
  }

  private static JditException damaged(String source, String what) {
    return new JditException(source + " " + what + "; the file is cut off or damaged");
  }

  private record Raw(Mappable file, Map<String, Extent> extents) implements Storages {
    @Override
    public String source() {
      return file.source();
    }

    @Override
    public long fileBytes() {
      return file.size();
    }

    private Extent extent(String key) {
      Extent e = extents.get(key);
      if (e == null) {
        throw damaged(source(), "lacks a storage");
      }
      return e;
    }

    @Override
    public long bytes(String key) {
      return extent(key).bytes();
    }

    @Override
    public MemorySegment map(String key, long from, long to, TensorScope scope) {
      return file.map(extent(key).offset() + from, to - from, scope.arena());
    }

    @Override
    public void close() {
      file.close();
    }
  }
}
