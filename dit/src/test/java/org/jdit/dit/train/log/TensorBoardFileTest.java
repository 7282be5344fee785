package org.jdit.dit.train.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jdit.dit.image.Png;
import org.jdit.dit.train.log.EventFile.Message;
import org.jdit.tensor.JditException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Event files hold what was logged, in the bytes that TensorBoard's own writer gives. */
class TensorBoardFileTest {
  private static final Instant TIME = Instant.ofEpochSecond(1_700_000_000, 500_000_000);

  /** Records that tensorboard 2.21.0's RecordWriter and protocol buffers gave for these events. */
  private static final String VERSION_RECORD =
      "1800000000000000a37f4b220900002040fc54d9411a0d627261696e2e4576656e743a322b353110";

  private static final String SCALAR_RECORD =
      "2100000000000000017becf60900002040fc54d94110ac022a130a110a0a747261696e2f6c6f7373"
          + "150000803e0da12f0e";
  private static final String START_RECORD =
      "100000000000000095fbfe180900002040fc54d94110ad023a020801596f3f79";

  @TempDir private Path dir;

  @Test
  void bytesAreThoseOfTensorBoard() throws IOException {
    try (TensorBoardFile events = TensorBoardFile.create(dir, TIME)) {
      events.scalar("train/loss", 300, TIME, 0.25f);
      assertThat(Files.readAllBytes(events.path()))
          .as("while it is open")
          .asHexString()
          .isEqualToIgnoringCase(VERSION_RECORD + SCALAR_RECORD);
    }
  }

  @Test
  void aResumedRunTellsWhereItGoesOn() throws IOException {
    try (TensorBoardFile events = TensorBoardFile.resume(dir, TIME, 300)) {
      assertThat(Files.readAllBytes(events.path()))
          .asHexString()
          .isEqualToIgnoringCase(VERSION_RECORD + START_RECORD);
    }
  }

  @Test
  void aNameIsNotTakenTwice() throws IOException {
    try (TensorBoardFile first = TensorBoardFile.create(dir, TIME);
        TensorBoardFile second = TensorBoardFile.resume(dir, TIME, 1)) {
      assertThat(first.path().getFileName().toString())
          .matches("events\\.out\\.tfevents\\.1700000000\\..+");
      assertThat(second.path().getFileName().toString())
          .matches("events\\.out\\.tfevents\\.1700000001\\..+");
      assertThat(EventFile.read(first.path())).hasSize(1);
    }
  }

  @Test
  void numbersAreReadBack() throws IOException {
    Map<Long, Float> logged =
        Map.of(0L, Float.NaN, 127L, -0f, 128L, 1e-30f, 40_000_000_000L, Float.MAX_VALUE);
    try (TensorBoardFile events = TensorBoardFile.create(dir, TIME)) {
      logged.forEach((step, value) -> events.scalar("tägs/" + step, step, TIME, value));
      List<Message> read = EventFile.read(events.path());
      assertThat(read).hasSize(5);
      assertThat(read.getFirst().text(3)).isEqualTo("brain.Event:2");
      for (Message event : read.subList(1, 5)) {
        long step = (Long) event.number(2);
        Message value = event.message(5).message(1);
        assertThat(event.number(1)).isEqualTo(1_700_000_000.5);
        assertThat(value.text(1)).isEqualTo("tägs/" + step);
        assertThat(value.number(2)).isEqualTo(logged.get(step));
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    BufferedImage.TYPE_INT_RGB + ", 3",
    BufferedImage.TYPE_INT_ARGB + ", 4",
    BufferedImage.TYPE_BYTE_GRAY + ", 1",
    BufferedImage.TYPE_BYTE_INDEXED + ", 3"
  })
  void imagesAreReadBack(int type, long channels) throws IOException {
    ByteArrayOutputStream png = new ByteArrayOutputStream();
    Png.write(new BufferedImage(300, 7, type), Map.of(), png);
    try (TensorBoardFile events = TensorBoardFile.create(dir, TIME)) {
      events.image("samples", 50, TIME, png.toByteArray());
      Message event = EventFile.read(events.path()).get(1);
      assertThat(event.number(2)).isEqualTo(50L);
      Message value = event.message(5).message(1);
      assertThat(value.text(1)).isEqualTo("samples");
      Message image = value.message(4);
      assertThat(image.fields().keySet()).isEqualTo(Set.of(1, 2, 3, 4));
      assertThat(image.number(1)).isEqualTo(7L);
      assertThat(image.number(2)).isEqualTo(300L);
      assertThat(image.number(3)).isEqualTo(channels);
      assertThat(image.bytes(4)).isEqualTo(png.toByteArray());
    }
  }

  /** The reader would see a wrong bit, in what is framed as well as in the frame. */
  @Test
  void theReaderIsNotCredulous() throws IOException {
    byte[] record = HexFormat.of().parseHex(SCALAR_RECORD);
    for (int i = 8; i < record.length; i++) {
      record[i] ^= 4;
      Path file = Files.write(dir.resolve("broken"), record);
      assertThatThrownBy(() -> EventFile.read(file)).hasMessage("wrong checksum");
      record[i] ^= 4;
    }
  }

  @Test
  void whatIsNoPngIsRefused() throws IOException {
    try (TensorBoardFile events = TensorBoardFile.create(dir, TIME)) {
      for (byte[] bytes : new byte[][] {{}, new byte[100], {(byte) 0x89, 'P', 'N', 'G'}}) {
        assertThatIllegalArgumentException()
            .isThrownBy(() -> events.image("samples", 1, TIME, bytes))
            .withMessage("the image 'samples' is not a PNG file");
      }
      assertThat(EventFile.read(events.path())).hasSize(1);
    }
  }

  @Test
  void aMissingDirectoryIsNamed() {
    assertThatThrownBy(() -> TensorBoardFile.create(dir.resolve("none"), TIME))
        .isInstanceOf(JditException.class)
        .hasMessageStartingWith("cannot write " + dir.resolve("none"))
        .hasMessageEndingWith("its directory does not exist");
  }
}
