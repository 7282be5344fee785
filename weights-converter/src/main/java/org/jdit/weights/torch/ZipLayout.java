package org.jdit.weights.torch;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jdit.tensor.DType;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.io.Mappable;
import org.jdit.tensor.io.ZipDirectory;
import org.jdit.tensor.io.ZipDirectory.Entry;
import org.jdit.tensor.io.ZipDirectory.Method;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.weights.pickle.Unpickler;
import org.jdit.weights.pickle.Unpickler.Loaded;
import tools.jackson.core.JacksonException;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

/**
 * The layout since torch 1.6: a zip with {@code stem/data.pkl} and a stored entry {@code
 * stem/data/key} for each storage. Entries that somebody compressed are inflated.
 */
final class ZipLayout {
  private static final String PICKLE = "data.pkl";
  private static final int CHUNK = 1 << 16;
  // Genuine weights hardly compress, fresh ones with many zeros to a third or so.
  private static final long MAX_INFLATION = 64;
  private static final long SMALL = 1 << 20;

  private ZipLayout() {}

  static TorchFile open(Mappable file) {
    ZipDirectory zip = ZipDirectory.open(file);
    String source = file.source();
    List<String> pickles =
        zip.entries().keySet().stream()
            .filter(n -> n.equals(PICKLE) || n.endsWith("/" + PICKLE))
            .toList();
    if (pickles.size() != 1) {
      throw new JditException(source + " is a zip file, but not one that torch.save wrote");
    }
    String pickle = pickles.getFirst();
    String stem = pickle.substring(0, pickle.length() - PICKLE.length());
    if (zip.entries().containsKey(stem + "constants.pkl")) {
      throw new JditException(
          source + " is a TorchScript program; save the model's state_dict() with torch.save");
    }
    checkInflation(zip, file.size());
    checkByteOrder(zip, stem);
    Loaded loaded = load(zip, zip.entries().get(pickle));
    return TorchFile.of(
        TorchFile.Layout.ZIP,
        loaded.value(),
        new Entries(zip, stem + "data/", file.size()),
        provenance(zip, stem));
  }

  private static void checkInflation(ZipDirectory zip, long size) {
    long inflated = 0;
    for (Entry e : zip.entries().values()) {
      inflated += e.method() == Method.DEFLATED ? e.size() : 0;
      if (inflated < 0 || inflated > SMALL + MAX_INFLATION * size) {
        throw new JditException(
            zip.source()
                + " would unpack to more than "
                + MAX_INFLATION
                + " times its size; it is no genuine checkpoint");
      }
    }
  }

  private static void checkByteOrder(ZipDirectory zip, String stem) {
    Entry order = zip.entries().get(stem + "byteorder");
    if (order != null) {
      byte[] text = new byte[6];
      readFully(zip, order, 0, MemorySegment.ofArray(text), Math.min(6, order.size()));
      if (!new String(text, StandardCharsets.US_ASCII).equals("little")) {
        throw new JditException(
            zip.source()
                + " was written on a big-endian machine; save it again on a little-endian one");
      }
    }
  }

  private static Map<String, String> provenance(ZipDirectory zip, String stem) {
    Entry entry = zip.entries().get(stem + TorchWriter.PROVENANCE);
    if (entry == null || entry.size() > SMALL) {
      return Map.of();
    }
    byte[] text = new byte[(int) entry.size()];
    readFully(zip, entry, 0, MemorySegment.ofArray(text), text.length);
    try {
      return JsonMapper.shared().readValue(text, new TypeReference<TreeMap<String, String>>() {});
    } catch (JacksonException e) {
      throw new JditException(zip.source() + " has malformed metadata; get an intact copy", e);
    }
  }

  private static Loaded load(ZipDirectory zip, Entry pickle) {
    String source = zip.source();
    if (pickle.method() == Method.DEFLATED) {
      if (pickle.size() > Integer.MAX_VALUE - 8) {
        throw new JditException(source + " has a pickle of " + pickle.size() + " bytes");
      }
      byte[] bytes = new byte[(int) pickle.size()];
      MemorySegment data = MemorySegment.ofArray(bytes);
      readFully(zip, pickle, 0, data, bytes.length);
      return Unpickler.load(data, 0, source);
    }
    try (Arena arena = Arena.ofConfined()) {
      return Unpickler.load(zip.map(pickle, arena), 0, source);
    }
  }

  /** Copies {@code length} bytes of an entry from byte {@code from} on. */
  private static void readFully(
      ZipDirectory zip, Entry entry, long from, MemorySegment to, long length) {
    try (InputStream in = zip.stream(entry)) {
      in.skipNBytes(from);
      long at = 0;
      while (at < length) {
        byte[] chunk = in.readNBytes((int) Math.min(CHUNK, length - at));
        if (chunk.length == 0) {
          throw new JditException(zip.source() + " ends inside its entry " + entry.name());
        }
        MemorySegment.copy(MemorySegment.ofArray(chunk), 0, to, at, chunk.length);
        at += chunk.length;
      }
    } catch (IOException e) {
      throw new JditException("cannot read " + zip.source() + ": " + e.getMessage(), e);
    }
  }

  private record Entries(ZipDirectory zip, String prefix, long fileBytes) implements Storages {
    @Override
    public String source() {
      return zip.source();
    }

    private Entry entry(String key) {
      Entry e = zip.entries().get(prefix + key);
      if (e == null) {
        throw new JditException(source() + " lacks a storage; the file may be damaged");
      }
      return e;
    }

    @Override
    public long bytes(String key) {
      return entry(key).size();
    }

    @Override
    public MemorySegment map(String key, long from, long to, TensorScope scope) {
      Entry entry = entry(key);
      if (entry.method() == Method.STORED) {
        MemorySegment all = zip.map(entry, scope.arena());
        return from == to ? all : all.asSlice(from, to - from);
      }
      if (to - from > Integer.MAX_VALUE) {
        throw new JditException(
            source() + " has a compressed storage beyond 2 GiB; store it without compression");
      }
      MemorySegment data =
          scope.zeros(new Spec(Shape.of((int) (to - from)), DType.U8)).concrete().data();
      readFully(zip, entry, from, data, to - from);
      return data;
    }

    @Override
    public void close() {
      zip.close();
    }
  }
}
