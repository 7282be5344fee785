package org.jdit.weights.pickle;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * What a pickle says, as data. Classes and functions that it names are only names here ({@link
 * Global}), and objects that it would have built are descriptions ({@link Instance}).
 *
 * <p>A pickle may tie knots (a list that contains itself), so containers compare by identity and
 * never print their contents.
 */
public sealed interface PickleValue {
  /** Python's {@code None}. */
  Scalar NONE = new Scalar(null);

  /**
   * A plain value.
   *
   * @param value null, {@link Boolean}, {@link Long}, {@link BigInteger} (beyond 64 bits), {@link
   *     Double} or {@link String}
   */
  record Scalar(Object value) implements PickleValue {
    @Override
    public String toString() {
      return String.valueOf(value);
    }
  }

  /** A byte string. */
  final class Bytes implements PickleValue {
    private final byte[] bytes;

    Bytes(byte[] bytes) {
      this.bytes = bytes;
    }

    /** A copy of the bytes. */
    public byte[] toArray() {
      return bytes.clone();
    }

    @Override
    public String toString() {
      return bytes.length + " bytes";
    }
  }

  /** A list, tuple or set. */
  final class Sequence implements PickleValue {
    /** The Python type of a sequence. */
    public enum Kind {
      LIST,
      TUPLE,
      SET
    }

    private final Kind kind;
    private final List<PickleValue> items;

    Sequence(Kind kind, List<PickleValue> items) {
      this.kind = kind;
      this.items = items;
    }

    /** The Python type. */
    public Kind kind() {
      return kind;
    }

    /** The items in order; those of a set may repeat. */
    public List<PickleValue> items() {
      return Collections.unmodifiableList(items);
    }

    void add(PickleValue item) {
      items.add(item);
    }

    @Override
    public String toString() {
      return kind.name().toLowerCase(Locale.ROOT) + " of " + items.size();
    }
  }

  /** A dict or OrderedDict, in insertion order. */
  final class Dict implements PickleValue {
    /**
     * One key with its value.
     *
     * @param key the key
     * @param value the value
     */
    public record Entry(PickleValue key, PickleValue value) {}

    // Keys are Java's own comparable values or objects with identity: a hash never walks a
    // container, and colliding keys cannot make a lookup linear.
    private final Map<Object, Entry> entries = new LinkedHashMap<>();

    Dict() {}

    /** The entries in insertion order. */
    public Collection<Entry> entries() {
      return Collections.unmodifiableCollection(entries.values());
    }

    /** The value of a string key. */
    public Optional<PickleValue> get(String key) {
      return Optional.ofNullable(entries.get(key)).map(Entry::value);
    }

    void put(PickleValue key, PickleValue value) {
      Object k = key instanceof Scalar(Object plain) && plain != null ? plain : key;
      entries.put(k, new Entry(key, value));
    }

    @Override
    public String toString() {
      return "dict of " + entries.size();
    }
  }

  /**
   * The name of a class, function or constant.
   *
   * @param module Python module
   * @param name name in that module
   */
  record Global(String module, String name) implements PickleValue {
    /** Whether this is {@code module.name}. */
    public boolean is(String otherModule, String otherName) {
      return module.equals(otherModule) && name.equals(otherName);
    }

    @Override
    public String toString() {
      return module + "." + name;
    }
  }

  /** What a pickle would have got by calling something: nothing was called. */
  final class Instance implements PickleValue {
    private final PickleValue callee;
    private final List<PickleValue> args;
    private final Dict items = new Dict();
    private final List<PickleValue> appended = new ArrayList<>(0);
    private PickleValue state = NONE;

    Instance(PickleValue callee, List<PickleValue> args) {
      this.callee = callee;
      this.args = args;
    }

    /** The class or function, usually a {@link Global}. */
    public PickleValue callee() {
      return callee;
    }

    /** The arguments of the call. */
    public List<PickleValue> args() {
      return Collections.unmodifiableList(args);
    }

    /** What the object's {@code __setstate__} or {@code __dict__} would have got, or None. */
    public PickleValue state() {
      return state;
    }

    /** Items set on the object as on a dict, and keyword arguments. */
    public Dict items() {
      return items;
    }

    /** Items appended to the object as to a list. */
    public List<PickleValue> appended() {
      return Collections.unmodifiableList(appended);
    }

    /** Whether the object came from {@code module.name}. */
    public boolean isFrom(String module, String name) {
      return callee instanceof Global g && g.is(module, name);
    }

    void append(PickleValue item) {
      appended.add(item);
    }

    void setState(PickleValue value) {
      state = value;
    }

    @Override
    public String toString() {
      return (callee instanceof Global ? callee : "call") + " with " + args.size() + " arguments";
    }
  }

  /**
   * A reference to something outside the pickle; torch refers to storages so.
   *
   * @param id how the pickle names it
   */
  record Persistent(PickleValue id) implements PickleValue {}
}
