package org.jdit.weights.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import org.jdit.tensor.JditException;
import org.jdit.tensor.io.Mappable;
import org.jdit.weights.Reference;
import org.jdit.weights.TestPickle;
import org.jdit.weights.pickle.PickleValue;
import org.jdit.weights.pickle.PickleValue.Dict;
import org.junit.jupiter.api.Test;

/** What a pickle holds becomes what can be saved, however the pickle ties it together. */
class SavedValueTest {
  private static SavedValue read(TestPickle pickle) {
    byte[] zip = TestPickle.torchZip(pickle.end(), Map.of("data/0", new byte[4]));
    try (TorchFile file = TorchFile.open(Mappable.of("x.pt", MemorySegment.ofArray(zip)))) {
      return file.value("root", file.root());
    }
  }

  private static void assertRefused(TestPickle pickle, String why) {
    assertThatThrownBy(() -> read(pickle))
        .isInstanceOf(JditException.class)
        .hasMessageStartingWith("x.pt")
        .hasMessageContaining(why);
  }

  @Test
  void valueInTwoPlacesIsReadTwice() {
    TestPickle pickle = TestPickle.start().op(']', '(', ']', 'q', 0, 'h', 0, 'e');
    SavedValue empty = SavedValue.list(List.of());
    assertThat(read(pickle)).isEqualTo(SavedValue.list(List.of(empty, empty)));
  }

  @Test
  void listInItselfIsRefused() {
    assertRefused(TestPickle.start().op(']', 'q', 0, 'h', 0, 'a'), "more than 64 deep");
  }

  @Test
  void listsThatDoubleAtEveryLevelAreRefused() {
    TestPickle pickle = TestPickle.start().op(']', 'q', 0);
    for (int i = 0; i < 40; i++) {
      pickle.op('0', ']', 'q', i + 1, '(', 'h', i, 'h', i, 'e');
    }
    assertRefused(pickle, "repeats values more often than it has bytes");
  }

  @Test
  void tensorRepeatedBeyondTheFileIsRefused() {
    TestPickle pickle = TestPickle.start().op(']', '(');
    pickle.tensor(1, 0, new long[] {1}, new long[] {1}).op('q', 0);
    for (int i = 0; i < 1_000; i++) {
      pickle.op('h', 0);
    }
    assertRefused(pickle.op('e'), "repeats values more often than it has bytes");
  }

  @Test
  void whatCannotBeSavedIsRefusedByName() {
    assertRefused(
        TestPickle.start().op('}').text("when").global("datetime", "date").op('s'),
        "has something under 'when' that is no plain value");
    assertRefused(
        TestPickle.start().op('}').text("ids").op(0x8f, 's'),
        "has something under 'ids' that is no plain value");
    assertRefused(
        TestPickle.start().op('}').text("big").op(0x8a, 9, 0, 0, 0, 0, 0, 0, 0, 0, 1, 's'),
        "has something under 'big' that is no plain value");
    assertRefused(
        TestPickle.start().op('}', ')').op('N', 's'),
        "has something under 'root' that is no plain value");
    try (TorchFile file = TorchFile.open(Reference.file("foreign.pt"))) {
      PickleValue complex = ((Dict) file.root()).get("c").orElseThrow();
      assertThatThrownBy(() -> file.value("c", complex))
          .isInstanceOf(JditException.class)
          .hasMessageContaining("has something under 'c'");
    }
  }

  @Test
  void otherTypesAreNoPlainValues() {
    assertThatThrownBy(() -> new SavedValue.Scalar(1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("no plain value: class java.lang.Integer");
  }
}
