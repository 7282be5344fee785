package org.jdit.weights.pickle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.stream.Stream;
import org.jdit.tensor.JditException;
import org.jdit.weights.TestPickle;
import org.jdit.weights.pickle.PickleValue.Bytes;
import org.jdit.weights.pickle.PickleValue.Dict;
import org.jdit.weights.pickle.PickleValue.Global;
import org.jdit.weights.pickle.PickleValue.Instance;
import org.jdit.weights.pickle.PickleValue.Scalar;
import org.jdit.weights.pickle.PickleValue.Sequence;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class UnpicklerTest {
  private static PickleValue load(byte[] pickle) {
    return Unpickler.load(MemorySegment.ofArray(pickle), 0, "test").value();
  }

  private static Scalar scalar(Object value) {
    return new Scalar(value);
  }

  // The same object written by CPython 3.11 in each protocol, from 0 to 5.
  static Stream<byte[]> protocols() {
    return SamplePickles.ALL.stream();
  }

  @ParameterizedTest
  @MethodSource("protocols")
  void everyProtocolReadsAsTheSameData(byte[] pickle) {
    Dict d = (Dict) load(pickle);
    assertThat(d.get("none")).contains(PickleValue.NONE);
    assertThat(d.get("t")).contains(scalar(true));
    assertThat(d.get("f")).contains(scalar(false));
    assertThat(d.get("small")).contains(scalar(7L));
    assertThat(d.get("neg")).contains(scalar(-5L));
    assertThat(d.get("i32")).contains(scalar(-2147483648L));
    assertThat(d.get("big")).contains(scalar(1L << 40));
    assertThat(d.get("huge")).contains(scalar(BigInteger.TWO.pow(70).negate()));
    assertThat(d.get("pi")).contains(scalar(3.5));
    assertThat(d.get("inf")).contains(scalar(Double.POSITIVE_INFINITY));
    assertThat(d.get("text")).contains(scalar("grüß \uD83D\uDE00\n\\"));
    assertThat(((Bytes) d.get("bytes").orElseThrow()).toArray()).containsExactly(0, 0xff);
    assertThat(((Bytes) d.get("ba").orElseThrow()).toArray()).containsExactly('a', 'b');
    assertThat(items(d, "t0")).isEmpty();
    assertThat(items(d, "t1")).containsExactly(scalar(1L));
    assertThat(items(d, "t4")).containsExactly(scalar(1L), scalar(2L), scalar(3L), scalar(4L));
    assertThat(items(d, "set")).containsExactly(scalar(5L));
    assertThat(items(d, "frozen")).containsExactly(scalar(6L));
    assertThat(((Dict) d.get("od").orElseThrow()).get("a")).contains(scalar(1L));
    assertThat(d.entries()).contains(new Dict.Entry(scalar(9L), scalar("int key")));
    List<PickleValue> list = items(d, "list");
    assertThat(list.get(0)).isEqualTo(scalar(1L));
    assertThat(((Sequence) list.get(1)).kind()).isEqualTo(Sequence.Kind.LIST);
    assertThat(((Sequence) ((Sequence) list.get(1)).items().get(1)).kind())
        .isEqualTo(Sequence.Kind.TUPLE);
    List<PickleValue> twice = items(d, "dup");
    assertThat(twice.get(0)).isSameAs(twice.get(1));
    PickleValue knot = d.get("knot").orElseThrow();
    assertThat(((Sequence) knot).items().getFirst()).isSameAs(knot);
    assertThat(knot.toString()).isEqualTo("list of 1");
  }

  private static List<PickleValue> items(Dict d, String key) {
    return ((Sequence) d.get(key).orElseThrow()).items();
  }

  @Test
  void aCallToTheSystemIsOnlyAName() {
    byte[] pickle =
        TestPickle.start().global("posix", "system").text("echo pwned").op(0x85, 'R').end();
    Instance call = (Instance) load(pickle);
    assertThat(call.callee()).isEqualTo(new Global("posix", "system"));
    assertThat(call.args()).containsExactly(scalar("echo pwned"));
  }

  @ParameterizedTest
  @CsvSource({"builtins, eval", "os, system", "subprocess, Popen", "java.lang, Runtime"})
  void everyWayToCallStaysData(String module, String function) {
    Global global = new Global(module, function);
    byte[] reduce = TestPickle.start().global(module, function).text("x").op(0x85, 'R').end();
    byte[] newObject = TestPickle.start().global(module, function).text("x").op(0x85, 0x81).end();
    byte[] withKeywords =
        TestPickle.start().global(module, function).text("x").op(0x85, '}', 0x92).end();
    byte[] object = TestPickle.start().op('(').global(module, function).text("x").op('o').end();
    byte[] stackGlobal =
        TestPickle.start().text(module).text(function).op(0x93).text("x").op(0x85, 'R').end();
    byte[] instance =
        ("(S'x'\ni" + module + "\n" + function + "\n.").getBytes(StandardCharsets.US_ASCII);
    for (byte[] p : List.of(reduce, newObject, withKeywords, object, stackGlobal, instance)) {
      Instance call = (Instance) load(p);
      assertThat(call.callee()).isEqualTo(global);
      assertThat(call.args()).containsExactly(scalar("x"));
    }
  }

  @Test
  void stateItemsAndAppendedValuesAreKept() {
    byte[] pickle =
        TestPickle.start()
            .global("argparse", "Namespace")
            .op(')', 0x81, '}')
            .text("lr")
            .op('K', 3, 's', 'b', 'K', 1, 'K', 2, 's', 'K', 4, 'a')
            .end();
    Instance n = (Instance) load(pickle);
    assertThat(n.isFrom("argparse", "Namespace")).isTrue();
    assertThat(((Dict) n.state()).get("lr")).contains(scalar(3L));
    assertThat(n.items().entries()).containsExactly(new Dict.Entry(scalar(1L), scalar(2L)));
    assertThat(n.appended()).containsExactly(scalar(4L));
  }

  @Test
  void pickleEndsWhereItSaysSo() {
    byte[] two = {(byte) 0x80, 2, 'K', 5, '.', 'K', 6, '.'};
    Unpickler.Loaded first = Unpickler.load(MemorySegment.ofArray(two), 0, "test");
    assertThat(first.value()).isEqualTo(scalar(5L));
    assertThat(first.end()).isEqualTo(5);
    assertThat(Unpickler.load(MemorySegment.ofArray(two), 5, "test").value()).isEqualTo(scalar(6L));
  }

  @Test
  void deepNestingCostsNoStack() {
    int depth = 500_000;
    byte[] pickle = new byte[2 * depth + 1];
    Arrays.fill(pickle, 0, depth, (byte) ']');
    Arrays.fill(pickle, depth, 2 * depth - 1, (byte) 'a');
    pickle[2 * depth - 1] = '.';
    Sequence s = (Sequence) load(pickle);
    assertThat(s.items()).hasSize(1);
    assertThat(s.hashCode()).isEqualTo(s.hashCode());
  }

  @Test
  void memoIndicesNeedNoRoom() {
    byte[] pickle =
        TestPickle.start()
            .op('K', 1, 'r', 0xff, 0xff, 0xff, 0xff)
            .op('K', 2, 'j', 0xff, 0xff, 0xff, 0xff)
            .end();
    assertThat(load(pickle)).isEqualTo(scalar(1L));
  }

  @Test
  void copyingOneBigValueManyTimesIsRefused() {
    TestPickle p = TestPickle.start().op('(');
    for (int i = 0; i < 10_000; i++) {
      p.op('K', 1);
    }
    p.op('l', 'q', 0);
    for (int i = 0; i < 10_000; i++) {
      p.global("builtins", "set").op('h', 0, 0x85, 'R', '0');
    }
    assertThatThrownBy(() -> load(p.op('N').end()))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("over and over");
  }

  @Test
  void longIntegerIsRefusedBeforeItIsRead() {
    byte[] pickle = {(byte) 0x8b, (byte) 0xff, (byte) 0xff, (byte) 0xff, 0x7f, 0};
    assertThatThrownBy(() -> load(pickle))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("integer of 2147483647 bytes");
    byte[] negative = {(byte) 0x8b, (byte) 0xff, (byte) 0xff, (byte) 0xff, (byte) 0xff, 0};
    assertThatThrownBy(() -> load(negative)).isInstanceOf(JditException.class);
  }

  static Stream<byte[]> malformed() {
    return Stream.of(
            ".", // nothing to return
            "R.", // REDUCE of nothing
            "t.", // TUPLE without MARK
            "(.", // STOP on top of a mark
            "K\1(0K\1s.", // SETITEM on no dict
            "K\1K\2b.", // BUILD of a number
            "h\7.", // never stored
            "]K\1R.", // arguments that are no tuple
            "K\1K\2\u0093.", // STACK_GLOBAL of numbers
            "I12x\n.", // no number
            "Sabc\n.", // no quotes
            "V\\uZZZZ\n.", // no escape
            "\u0097.", // out-of-band buffer
            "\u0082\1.", // extension registry
            "\u0080\6.", // protocol 6
            "\u0095\u00ff\0\0\0\0\0\0\0.", // frame beyond the end
            "X\u00ff\u00ff\u00ff\u00ff.", // string beyond the end
            "\u008d\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff.", // negative length
            "\u00fe.") // no opcode
        .map(s -> s.getBytes(StandardCharsets.ISO_8859_1));
  }

  @ParameterizedTest
  @MethodSource("malformed")
  void malformedPickleIsRefusedInWords(byte[] pickle) {
    assertThatThrownBy(() -> load(pickle))
        .isInstanceOf(JditException.class)
        .hasMessageStartingWith("test is not a valid pickle: at byte ");
  }

  @Test
  void everyTruncationIsRefusedInWords() {
    byte[] whole = Base64.getDecoder().decode(SamplePickles.PROTOCOL_2);
    for (int n = 0; n < whole.length; n++) {
      byte[] cut = Arrays.copyOf(whole, n);
      assertThatThrownBy(() -> load(cut)).isInstanceOf(JditException.class);
    }
  }
}
