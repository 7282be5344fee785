package org.jdit.weights.torch;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import org.jdit.tensor.io.Mappable;
import org.jdit.tensor.io.TensorFile;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.weights.Mutations;
import org.jdit.weights.Reference;
import org.jdit.weights.TestPickle;
import org.jdit.weights.pickle.PickleValue.Dict;
import org.junit.jupiter.api.Test;

class TorchFuzzTest {
  /** Opens a file and reads every number in it. */
  private static void readAll(byte[] bytes) {
    Mappable memory = Mappable.of("test", MemorySegment.ofArray(bytes));
    try (TorchFile file = TorchFile.open(memory)) {
      if (file.root() instanceof Dict root) {
        TensorFile tensors = file.allTensors(root);
        for (String name : tensors.tensors().keySet()) {
          try (TensorScope scope = TensorScope.open(new Memory())) {
            tensors.map(name, scope).toDoubles();
          }
        }
      }
    }
  }

  @Test
  void damagedLegacyFilesAreReadOrRefusedWithinTheirSize() {
    int read =
        Mutations.run(
            2, 100_000, List.of(Reference.bytes("tiny_legacy.pt")), TorchFuzzTest::readAll);
    assertThat(read).isBetween(1_000, 90_000);
  }

  @Test
  void damagedZipFilesAreReadOrRefusedWithinTheirSize() {
    byte[] pickle = TestPickle.oneTensor(6, 1, new long[] {2, 2}, new long[] {1, 2});
    Map<String, byte[]> storages = Map.of("data/0", new byte[24]);
    List<byte[]> good =
        List.of(
            Reference.bytes("tiny.pt"),
            TestPickle.torchZip(pickle, storages),
            TestPickle.deflatedTorchZip(pickle, storages));
    int read = Mutations.run(3, 100_000, good, TorchFuzzTest::readAll);
    assertThat(read).isBetween(1_000, 90_000);
  }
}
