package org.jdit.weights.pickle;

import java.lang.foreign.MemorySegment;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jdit.tensor.JditException;
import org.jdit.weights.pickle.PickleValue.Bytes;
import org.jdit.weights.pickle.PickleValue.Dict;
import org.jdit.weights.pickle.PickleValue.Dict.Entry;
import org.jdit.weights.pickle.PickleValue.Global;
import org.jdit.weights.pickle.PickleValue.Instance;
import org.jdit.weights.pickle.PickleValue.Persistent;
import org.jdit.weights.pickle.PickleValue.Scalar;
import org.jdit.weights.pickle.PickleValue.Sequence;

/**
 * Reads a pickle (protocols 0 to 5) as data. It is a stack machine without the one instruction that
 * makes pickles dangerous: nothing is imported and nothing is called. Work and memory are
 * proportional to the length of the pickle, and nesting costs no Java stack.
 */
public final class Unpickler {
  // A full training checkpoint of DiT-XL/2 takes some 100,000.
  private static final int MAX_OPCODES = 4_000_000;

  /**
   * One pickle.
   *
   * @param value what it says
   * @param end position of the first byte behind it
   * @param persistent every reference to something outside, in order, repeats included
   */
  public record Loaded(PickleValue value, long end, List<Persistent> persistent) {}

  private final PickleInput in;
  private final List<PickleValue> stack = new ArrayList<>();
  private final List<Integer> marks = new ArrayList<>();
  private final Map<Long, PickleValue> memo = new HashMap<>();
  private final List<Persistent> persistent = new ArrayList<>();
  private final Constructors constructors;

  private Unpickler(PickleInput in) {
    this.in = in;
    this.constructors = new Constructors(in);
  }

  /**
   * Reads the pickle that starts at {@code position}.
   *
   * @param source how messages name the data
   * @throws JditException if it is not a pickle, is cut off, or asks for more than data
   */
  public static Loaded load(MemorySegment data, long position, String source) {
    return new Unpickler(new PickleInput(data, position, source)).run();
  }

  private Loaded run() {
    for (int opcodes = 0; opcodes < MAX_OPCODES; opcodes++) {
      int opcode = in.u8();
      if (opcode == '.') {
        return new Loaded(pop(), in.position(), List.copyOf(persistent));
      }
      execute(opcode);
    }
    throw in.bad("has more than " + MAX_OPCODES + " instructions");
  }

  private void execute(int opcode) {
    switch (opcode) {
      case 0x80 -> protocol(in.u8()); // PROTO
      case 0x95 -> in.skipFrame(); // FRAME
      case '(' -> marks.add(stack.size()); // MARK
      case '0' -> popOrUnmark(); // POP
      case '1' -> popToMark(); // POP_MARK
      case '2' -> push(peek()); // DUP

      case 'N' -> push(PickleValue.NONE); // NONE
      case 0x88 -> push(new Scalar(true)); // NEWTRUE
      case 0x89 -> push(new Scalar(false)); // NEWFALSE
      case 'K' -> push(integer(in.u8())); // BININT1
      case 'M' -> push(integer(in.u16())); // BININT2
      case 'J' -> push(integer(in.i32())); // BININT
      case 0x8a -> push(integer(in.integer(in.u8()))); // LONG1
      case 0x8b -> push(integer(in.integer(in.i32()))); // LONG4
      case 'I' -> push(PickleText.integerOrBoolean(in)); // INT
      case 'L' -> push(integer(PickleText.integer(in))); // LONG
      case 'G' -> push(new Scalar(in.bigEndianDouble())); // BINFLOAT
      case 'F' -> push(new Scalar(PickleText.real(in))); // FLOAT

      case 'X' -> push(new Scalar(in.text(in.u32(), StandardCharsets.UTF_8))); // BINUNICODE
      case 0x8c -> push(new Scalar(in.text(in.u8(), StandardCharsets.UTF_8))); // SHORT_BINUNICODE
      case 0x8d -> push(new Scalar(in.text(in.i64(), StandardCharsets.UTF_8))); // BINUNICODE8
      case 'V' -> push(new Scalar(PickleText.unicode(in))); // UNICODE
      case 'T' -> push(new Scalar(in.text(in.i32(), StandardCharsets.ISO_8859_1))); // BINSTRING
      case 'U' ->
          push(new Scalar(in.text(in.u8(), StandardCharsets.ISO_8859_1))); // SHORT_BINSTRING
      case 'S' -> push(new Scalar(PickleText.quoted(in))); // STRING
      case 'B' -> push(new Bytes(in.bytes(in.u32()))); // BINBYTES
      case 'C' -> push(new Bytes(in.bytes(in.u8()))); // SHORT_BINBYTES
      case 0x8e, 0x96 -> push(new Bytes(in.bytes(in.i64()))); // BINBYTES8, BYTEARRAY8

      case ')' -> push(tuple(List.of())); // EMPTY_TUPLE
      case 't' -> push(tuple(popToMark())); // TUPLE
      case 0x85 -> push(tuple(popLast(1))); // TUPLE1
      case 0x86 -> push(tuple(popLast(2))); // TUPLE2
      case 0x87 -> push(tuple(popLast(3))); // TUPLE3
      case ']' -> push(new Sequence(Sequence.Kind.LIST, new ArrayList<>(0))); // EMPTY_LIST
      case 'l' -> push(new Sequence(Sequence.Kind.LIST, popToMark())); // LIST
      case 'a' -> append(popLast(1)); // APPEND
      case 'e' -> append(popToMark()); // APPENDS
      case 0x8f -> push(new Sequence(Sequence.Kind.SET, new ArrayList<>(0))); // EMPTY_SET
      case 0x91 -> push(new Sequence(Sequence.Kind.SET, popToMark())); // FROZENSET
      case 0x90 -> append(popToMark()); // ADDITEMS
      case '}' -> push(new Dict()); // EMPTY_DICT
      case 'd' -> { // DICT
        List<PickleValue> items = popToMark();
        push(new Dict());
        setItems(items);
      }
      case 's' -> setItems(popLast(2)); // SETITEM
      case 'u' -> setItems(popToMark()); // SETITEMS

      case 'p' -> memo.put(PickleText.index(in), peek()); // PUT
      case 'q' -> memo.put((long) in.u8(), peek()); // BINPUT
      case 'r' -> memo.put(in.u32(), peek()); // LONG_BINPUT
      case 0x94 -> memo.put((long) memo.size(), peek()); // MEMOIZE
      case 'g' -> push(recall(PickleText.index(in))); // GET
      case 'h' -> push(recall(in.u8())); // BINGET
      case 'j' -> push(recall(in.u32())); // LONG_BINGET

      case 'c' -> push(global()); // GLOBAL
      case 0x93 -> { // STACK_GLOBAL
        List<PickleValue> names = popLast(2);
        push(new Global(string(names.get(0)), string(names.get(1))));
      }
      case 'R' -> { // REDUCE
        List<PickleValue> call = popLast(2);
        push(constructors.apply(call.get(0), arguments(call.get(1))));
      }
      case 0x81 -> { // NEWOBJ
        List<PickleValue> call = popLast(2);
        push(constructors.apply(call.get(0), arguments(call.get(1))));
      }
      case 0x92 -> { // NEWOBJ_EX
        List<PickleValue> call = popLast(3);
        push(new Instance(call.get(0), arguments(call.get(1))));
        push(call.get(2));
        keywords();
      }
      case 'i' -> { // INST
        Global type = global();
        push(constructors.apply(type, popToMark()));
      }
      case 'o' -> { // OBJ
        List<PickleValue> call = popToMark();
        if (call.isEmpty()) {
          throw in.bad("builds an object of no class");
        }
        push(constructors.apply(call.getFirst(), call.subList(1, call.size())));
      }
      case 'b' -> build(); // BUILD
      case 'P' -> refer(new Scalar(in.line(StandardCharsets.UTF_8))); // PERSID
      case 'Q' -> refer(pop()); // BINPERSID

      case 0x82, 0x83, 0x84 -> // EXT1, EXT2, EXT4
          throw in.bad("uses the extension registry, which only the program that wrote it has");
      case 0x97, 0x98 -> // NEXT_BUFFER, READONLY_BUFFER
          throw in.bad("refers to out-of-band buffers, which are not in the file");
      default -> throw in.bad("has the unknown instruction 0x" + Integer.toHexString(opcode));
    }
  }

  private Global global() {
    return new Global(in.line(StandardCharsets.UTF_8), in.line(StandardCharsets.UTF_8));
  }

  private void protocol(int version) {
    if (version > 5) {
      throw in.bad("has pickle protocol " + version + "; 0 to 5 are known");
    }
  }

  private void append(List<PickleValue> items) {
    switch (peek()) {
      case Sequence s when s.kind() != Sequence.Kind.TUPLE -> items.forEach(s::add);
      case Instance object -> items.forEach(object::append);
      default -> throw in.bad("appends to something that is no list");
    }
  }

  private void setItems(List<PickleValue> items) {
    if (items.size() % 2 != 0) {
      throw in.bad("sets a key without a value");
    }
    Dict dict =
        switch (peek()) {
          case Dict d -> d;
          case Instance object -> object.items();
          default -> throw in.bad("sets items of something that is no dict");
        };
    for (int i = 0; i < items.size(); i += 2) {
      dict.put(items.get(i), items.get(i + 1));
    }
  }

  private void keywords() {
    if (!(pop() instanceof Dict keywords)) {
      throw in.bad("passes keyword arguments that are no dict");
    }
    in.charge(keywords.entries().size());
    Instance object = (Instance) peek();
    for (Entry e : keywords.entries()) {
      object.items().put(e.key(), e.value());
    }
  }

  private void build() {
    PickleValue state = pop();
    switch (peek()) {
      case Instance object -> object.setState(state);
      case Dict _ -> {
        // Attributes of an OrderedDict (torch keeps _metadata there) carry no tensors.
      }
      default -> throw in.bad("gives a state to something that is no object");
    }
  }

  private void refer(PickleValue id) {
    Persistent p = new Persistent(id);
    persistent.add(p);
    push(p);
  }

  private PickleValue recall(long index) {
    PickleValue v = memo.get(index);
    if (v == null) {
      throw in.bad("recalls the value " + index + " that it never stored");
    }
    return v;
  }

  private List<PickleValue> arguments(PickleValue v) {
    if (v instanceof Sequence s && s.kind() == Sequence.Kind.TUPLE) {
      return s.items();
    }
    throw in.bad("makes a call whose arguments are no tuple");
  }

  private String string(PickleValue v) {
    if (v instanceof Scalar(String s)) {
      return s;
    }
    throw in.bad("has a name that is no string");
  }

  private static Scalar integer(long value) {
    return new Scalar(value);
  }

  private static Scalar integer(BigInteger value) {
    return value.bitLength() < 64 ? new Scalar(value.longValue()) : new Scalar(value);
  }

  private static Sequence tuple(List<PickleValue> items) {
    return new Sequence(Sequence.Kind.TUPLE, items);
  }

  private void push(PickleValue value) {
    stack.add(value);
  }

  // What lies below the last mark belongs to somebody else.
  private int floor() {
    return marks.isEmpty() ? 0 : marks.getLast();
  }

  private PickleValue peek() {
    if (stack.size() <= floor()) {
      throw in.bad("takes a value from an empty stack");
    }
    return stack.getLast();
  }

  private PickleValue pop() {
    PickleValue v = peek();
    stack.removeLast();
    return v;
  }

  private List<PickleValue> popLast(int count) {
    if (stack.size() - count < floor()) {
      throw in.bad("takes a value from an empty stack");
    }
    return cut(stack.size() - count);
  }

  private List<PickleValue> popToMark() {
    if (marks.isEmpty()) {
      throw in.bad("goes back to a mark that it never set");
    }
    return cut(marks.removeLast());
  }

  private List<PickleValue> cut(int from) {
    List<PickleValue> tail = stack.subList(from, stack.size());
    List<PickleValue> items = new ArrayList<>(tail);
    tail.clear();
    return items;
  }

  private void popOrUnmark() {
    if (!marks.isEmpty() && marks.getLast() == stack.size()) {
      marks.removeLast();
    } else {
      pop();
    }
  }
}
