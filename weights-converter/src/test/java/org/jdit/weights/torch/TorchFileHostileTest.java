package org.jdit.weights.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.io.Mappable;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.weights.Reference;
import org.jdit.weights.TestPickle;
import org.jdit.weights.pickle.PickleValue.Dict;
import org.jdit.weights.pickle.PickleValue.Global;
import org.jdit.weights.pickle.PickleValue.Instance;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class TorchFileHostileTest {
  private static final long[] NONE = {};

  private static TorchFile open(byte[] bytes) {
    return TorchFile.open(Mappable.of("test", MemorySegment.ofArray(bytes)));
  }

  private static Tensor map(byte[] bytes, TensorScope scope) {
    try (TorchFile file = open(bytes)) {
      return file.tensors((Dict) file.root()).map("w", scope);
    }
  }

  private static byte[] withStorage(byte[] pickle, int bytes) {
    return TestPickle.torchZip(pickle, Map.of("data/0", new byte[bytes]));
  }

  static Stream<Arguments> outside() {
    return Stream.of(
        Arguments.of("offset", 6, 7, new long[] {1}, new long[] {1}),
        Arguments.of("size", 6, 0, new long[] {7}, new long[] {1}),
        Arguments.of("stride", 6, 0, new long[] {3}, new long[] {3}),
        Arguments.of("negative offset", 6, -1, new long[] {1}, new long[] {1}),
        Arguments.of("negative stride", 6, 5, new long[] {2}, new long[] {-1}),
        Arguments.of("negative size", 6, 0, new long[] {-1}, new long[] {1}),
        Arguments.of("ranks", 6, 0, new long[] {1, 1}, new long[] {1}),
        Arguments.of("numel beyond the file", 7, 0, new long[] {7}, new long[] {1}),
        Arguments.of("huge storage", Long.MAX_VALUE, 0, new long[] {1}, new long[] {1}),
        Arguments.of("negative storage", -1, 0, new long[] {1}, new long[] {1}),
        Arguments.of("offset overflow", 6, Long.MAX_VALUE, new long[] {2}, new long[] {1}),
        Arguments.of("stride overflow", 6, 0, new long[] {3}, new long[] {Long.MAX_VALUE}),
        Arguments.of("size beyond 31 bits", 6, 0, new long[] {1L << 31}, new long[] {0}),
        Arguments.of(
            "numel overflow", 6, 0, new long[] {1 << 30, 1 << 30, 1 << 30}, new long[] {0, 0, 0}),
        Arguments.of("a number blown up to 4 GiB", 6, 0, new long[] {1 << 30}, new long[] {0}));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("outside")
  void tensorBeyondItsStorageIsRefused(
      String what, long numel, long offset, long[] size, long[] stride) {
    byte[] file = withStorage(TestPickle.oneTensor(numel, offset, size, stride), 24);
    try (TensorScope scope = TensorScope.open(new Memory())) {
      assertThatThrownBy(() -> map(file, scope)).isInstanceOf(JditException.class);
    }
  }

  @Test
  void tensorThatJustFitsIsRead() {
    byte[] pickle = TestPickle.oneTensor(6, 1, new long[] {2, 2}, new long[] {1, 3});
    try (TensorScope scope = TensorScope.open(new Memory())) {
      assertThat(map(withStorage(pickle, 24), scope).toFloats()).containsExactly(0, 0, 0, 0);
      byte[] scalar = TestPickle.oneTensor(6, 5, NONE, NONE);
      assertThat(map(withStorage(scalar, 24), scope).item()).isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"../../../../etc/passwd", "/etc/passwd", "", "1", "0/../0"})
  void storageKeysNameEntriesAndNothingElse(String key) {
    byte[] pickle =
        TestPickle.start()
            .op('}')
            .text("w")
            .global("torch._utils", "_rebuild_tensor_v2")
            .op('(')
            .storage("FloatStorage", key, 1)
            .integer(0)
            .integers(1)
            .integers(1)
            .op('t', 'R', 's')
            .end();
    try (TensorScope scope = TensorScope.open(new Memory())) {
      assertThatThrownBy(() -> map(withStorage(pickle, 24), scope))
          .isInstanceOf(JditException.class)
          .hasMessageContaining("lacks a storage");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "torch, true",
    "torch.cuda, true",
    "torch.storage, true",
    "torchy, false",
    "torch.evil, false",
    "builtins, false"
  })
  void storageTypesAreThoseOfTorch(String module, boolean known) {
    assertThat(StorageType.named(new Global(module, "FloatStorage")).isPresent()).isEqualTo(known);
  }

  @Test
  void rebuildCallsWithOddArgumentsAreRefused() {
    byte[] noArguments =
        TestPickle.start()
            .op('}')
            .text("w")
            .global("torch._utils", "_rebuild_tensor_v2")
            .op(')', 'R', 's')
            .end();
    byte[] noStorage =
        TestPickle.start()
            .op('}')
            .text("w")
            .global("torch._utils", "_rebuild_tensor_v2")
            .op('(', 'K', 1, 'K', 2, 'K', 3, 'K', 4, 't', 'R', 's')
            .end();
    byte[] emptyParameter =
        TestPickle.start()
            .op('}')
            .text("w")
            .global("torch._utils", "_rebuild_parameter")
            .op(')', 'R', 's')
            .end();
    byte[] unknownStorage =
        TestPickle.start()
            .op('}')
            .text("w")
            .global("torch._utils", "_rebuild_tensor_v2")
            .op('(')
            .storage("EvilStorage", "0", 1)
            .integer(0)
            .integers(1)
            .integers(1)
            .op('t', 'R', 's')
            .end();
    TestPickle nested = TestPickle.start().op('}').text("w");
    for (int i = 0; i < 100; i++) {
      nested.global("torch._utils", "_rebuild_parameter");
    }
    nested.tensor(1, 0, new long[] {1}, new long[] {1});
    for (int i = 0; i < 100; i++) {
      nested.op(0x85, 'R');
    }
    try (TensorScope scope = TensorScope.open(new Memory())) {
      for (byte[] pickle :
          new byte[][] {
            noArguments, noStorage, emptyParameter, unknownStorage, nested.op('s').end()
          }) {
        assertThatThrownBy(() -> map(withStorage(pickle, 24), scope))
            .isInstanceOf(JditException.class)
            .hasMessageStartingWith("test ");
      }
    }
  }

  @Test
  void nothingIsExecuted(@TempDir Path directory) {
    Path trace = directory.resolve("pwned");
    byte[] pickle =
        TestPickle.start()
            .op('}')
            .text("w")
            .global("os", "system")
            .text("touch " + trace)
            .op(0x85, 'R', 's')
            .end();
    try (TorchFile file = open(withStorage(pickle, 0))) {
      Dict root = (Dict) file.root();
      assertThat(((Instance) root.get("w").orElseThrow()).isFrom("os", "system")).isTrue();
      assertThat(file.tensors(root).tensors()).isEmpty();
    }
    assertThat(trace).doesNotExist();
  }

  @ParameterizedTest
  @ValueSource(strings = {"pickle_newer.pt", "tiny.pt", "tiny_legacy.pt"})
  void everyTruncationIsRefused(String name) {
    byte[] whole = Reference.bytes(name);
    for (int n = 0; n < whole.length; n++) {
      byte[] cut = Arrays.copyOf(whole, n);
      assertThatThrownBy(() -> open(cut).close())
          .as("%d bytes", n)
          .isInstanceOf(JditException.class);
    }
  }

  @Test
  void compressedEntriesAreInflated() {
    byte[] storage = new byte[4 * 100_000];
    new Random(5).nextBytes(storage);
    byte[] pickle = TestPickle.oneTensor(100_000, 99_990, new long[] {10}, new long[] {1});
    byte[] file = TestPickle.deflatedTorchZip(pickle, Map.of("data/0", storage));
    byte[] stored = TestPickle.torchZip(pickle, Map.of("data/0", storage));
    try (TensorScope scope = TensorScope.open(new Memory())) {
      assertThat(map(file, scope).toFloats()).containsExactly(map(stored, scope).toFloats());
    }
  }

  @Test
  void zipBombIsRefusedBeforeItUnpacks() {
    byte[] zeros = new byte[64 << 20];
    byte[] pickle = TestPickle.oneTensor(16 << 20, 0, new long[] {1}, new long[] {1});
    byte[] bomb = TestPickle.deflatedTorchZip(pickle, Map.of("data/0", zeros));
    assertThat(bomb.length).isLessThan(1 << 17);
    assertThatThrownBy(() -> open(bomb))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("would unpack to more than 64 times its size");
  }

  @Test
  void bigEndianFilesAreRefused() {
    byte[] pickle = TestPickle.oneTensor(1, 0, new long[] {1}, new long[] {1});
    byte[] file =
        TestPickle.torchZip(
            pickle,
            Map.of("data/0", new byte[4], "byteorder", "big".getBytes(StandardCharsets.US_ASCII)));
    assertThatThrownBy(() -> open(file))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("big-endian");
  }

  @Test
  void otherFilesAreNamedAsWhatTheyAre(@TempDir Path directory) throws Exception {
    byte[] script =
        TestPickle.torchZip(TestPickle.start().op('}').end(), Map.of("constants.pkl", new byte[0]));
    assertThatThrownBy(() -> open(script))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("TorchScript");
    Path page = Files.writeString(directory.resolve("weights.pt"), "<!DOCTYPE html><html></html>");
    assertThatThrownBy(() -> TorchFile.open(page))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("neither a torch file nor");
    assertThatThrownBy(() -> open(new byte[0])).isInstanceOf(JditException.class);
    assertThatThrownBy(() -> TorchFile.open(directory.resolve("none.pt")))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("does not exist");
  }

  /** Dicts nested in dicts, each under {@code key}, around one tensor. */
  private static byte[] nested(int depth, String key) {
    TestPickle p = TestPickle.start();
    for (int i = 0; i < depth; i++) {
      p.op('}').text(key);
    }
    p.tensor(6, 0, new long[] {1}, new long[] {1});
    for (int i = 0; i < depth; i++) {
      p.op('s');
    }
    return withStorage(p.end(), 24);
  }

  private static Set<String> allNames(byte[] bytes) {
    try (TorchFile file = open(bytes)) {
      return file.allTensors((Dict) file.root()).tensors().keySet();
    }
  }

  @Test
  void dictsNestedBeyondReasonAreRefused() {
    assertThat(allNames(nested(65, "a"))).containsExactly("a.".repeat(64) + "a");
    assertThatThrownBy(() -> allNames(nested(66, "a")))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("64 deep");
  }

  @Test
  void namesBeyondReasonAreRefused() {
    assertThat(allNames(nested(2, "a".repeat(2047)))).hasSize(1);
    assertThatThrownBy(() -> allNames(nested(2, "a".repeat(2048))))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("at a length that no model does");
  }

  @Test
  void namesThatGrowMoreThanTheirFileAreRefused() {
    // One long key before some thousand short ones: 40 MB of names in a file of 200 kB.
    TestPickle p = TestPickle.start().op('}').text("a".repeat(4000)).op('}');
    p.text("0").tensor(6, 0, new long[] {1}, new long[] {1}).op('q', 0, 's');
    for (int i = 1; i < 10_000; i++) {
      p.text(Integer.toString(i)).op('h', 0, 's');
    }
    byte[] file = withStorage(p.op('s').end(), 24);
    assertThatThrownBy(() -> allNames(file))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("at a length that no model does");
  }
}
