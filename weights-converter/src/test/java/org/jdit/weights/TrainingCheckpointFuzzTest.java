package org.jdit.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.io.Mappable;
import org.jdit.tensor.io.TensorFile;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.weights.torch.SavedValue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Damaged checkpoints of trainings are read or refused, and take no more memory than they may. */
class TrainingCheckpointFuzzTest {
  @TempDir private Path directory;

  private byte[] checkpoint() throws IOException {
    Path path = directory.resolve("c.pt");
    try (TensorScope scope = TensorScope.open(new Memory())) {
      TrainingCheckpoint.write(path, TrainingSample.contents(scope));
    }
    return Files.readAllBytes(path);
  }

  @Test
  void fileThatIsCutOffAnywhereIsRefused() throws IOException {
    byte[] whole = checkpoint();
    for (int length = 0; length < whole.length; length += 13) {
      byte[] cut = Arrays.copyOf(whole, length);
      assertThatThrownBy(() -> readAll(cut))
          .as("%d bytes", length)
          .isInstanceOf(JditException.class);
    }
  }

  @Test
  void damagedFilesAreReadOrRefusedWithinTheirSize() throws IOException {
    List<byte[]> good = List.of(checkpoint());
    int read = Mutations.run(4, 100_000, good, TrainingCheckpointFuzzTest::readAll);
    assertThat(read).isBetween(1_000, 90_000);
  }

  /** Opens a file and reads every number in it. */
  private static void readAll(byte[] bytes) {
    Mappable memory = Mappable.of("test", MemorySegment.ofArray(bytes));
    try (TrainingCheckpoint c = TrainingCheckpoint.open(memory)) {
      c.steps();
      for (TensorFile tensors : List.of(c.model(), c.ema(), c.expAvg(), c.expAvgSq())) {
        for (String name : tensors.tensors().keySet()) {
          try (TensorScope scope = TensorScope.open(new Memory())) {
            tensors.map(name, scope).toDoubles();
          }
        }
      }
      readAll(c.jdit());
    }
  }

  private static void readAll(SavedValue value) {
    switch (value) {
      case SavedValue.Scalar _ -> {}
      case SavedValue.Stored t -> t.entry().content().writeTo(Tensor::toDoubles);
      case SavedValue.Sequence s -> s.items().forEach(TrainingCheckpointFuzzTest::readAll);
      case SavedValue.Dict d -> d.entries().values().forEach(TrainingCheckpointFuzzTest::readAll);
      case SavedValue.Tensors _ -> throw new AssertionError("never read");
    }
  }
}
