package org.jdit.dit.train.log;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.Arrays;
import java.util.Optional;
import java.util.zip.CRC32C;
import org.jdit.tensor.JditException;

/**
 * An event file that TensorBoard shows: records of TFRecord framing (length, masked CRC-32C of the
 * length, bytes, masked CRC-32C of the bytes), each an {@code Event} of TensorFlow's event.proto.
 * Every record reaches the operating system before the call returns, so a process that is killed
 * loses at most the record it was writing. Not for use by several threads at once.
 */
public final class TensorBoardFile implements AutoCloseable {
  private static final String VERSION = "brain.Event:2";
  private static final byte[] PNG = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  private static final int PNG_HEADER_END = 26;

  /** Field numbers of event.proto and summary.proto. */
  private static final int WALL_TIME = 1;

  private static final int STEP = 2;
  private static final int FILE_VERSION = 3;
  private static final int SUMMARY = 5;
  private static final int SESSION_LOG = 7;
  private static final int SESSION_STATUS = 1;
  private static final int SESSION_START = 1;
  private static final int VALUE = 1;
  private static final int TAG = 1;
  private static final int SIMPLE_VALUE = 2;
  private static final int IMAGE = 4;
  private static final int IMAGE_HEIGHT = 1;
  private static final int IMAGE_WIDTH = 2;
  private static final int IMAGE_CHANNELS = 3;
  private static final int IMAGE_BYTES = 4;

  private final LogFile out;

  private TensorBoardFile(LogFile out) {
    this.out = out;
  }

  /**
   * Begins a file {@code events.out.tfevents.<seconds>.<host>} of a new run. Where there is one of
   * that name, the next second without one is taken.
   *
   * @param directory the run's directory, which exists
   * @param start when the run begins
   * @throws JditException if it cannot be written
   */
  public static TensorBoardFile create(Path directory, Instant start) {
    TensorBoardFile file = new TensorBoardFile(firstFree(directory, start.getEpochSecond()));
    file.write(event(start).text(FILE_VERSION, VERSION));
    return file;
  }

  /**
   * Begins one more file of a run that goes on. TensorBoard then forgets what the run's earlier
   * files say of steps beyond {@code step}.
   *
   * @param directory the run's directory, which exists
   * @param start when the run goes on
   * @param step the last step that is kept
   * @throws JditException if it cannot be written
   */
  public static TensorBoardFile resume(Path directory, Instant start, long step) {
    TensorBoardFile file = create(directory, start);
    file.write(
        event(start)
            .integer(STEP, step + 1)
            .message(SESSION_LOG, new Proto().integer(SESSION_STATUS, SESSION_START)));
    return file;
  }

  /** The file. */
  public Path path() {
    return out.file();
  }

  /**
   * Adds a number.
   *
   * @param tag the name of the chart, {@code group/name}
   * @throws JditException if it cannot be written
   */
  public void scalar(String tag, long step, Instant time, float value) {
    summary(step, time, new Proto().text(TAG, tag).real(SIMPLE_VALUE, value));
  }

  /**
   * Adds an image.
   *
   * @param tag the name of the image, {@code group/name}
   * @param png the bytes of a PNG file
   * @throws IllegalArgumentException if they are none
   * @throws JditException if it cannot be written
   */
  public void image(String tag, long step, Instant time, byte[] png) {
    if (png.length < PNG_HEADER_END || !Arrays.equals(png, 0, PNG.length, PNG, 0, PNG.length)) {
      throw new IllegalArgumentException("the image '" + tag + "' is not a PNG file");
    }
    ByteBuffer header = ByteBuffer.wrap(png);
    Proto image =
        new Proto()
            .integer(IMAGE_HEIGHT, header.getInt(20))
            .integer(IMAGE_WIDTH, header.getInt(16))
            .integer(IMAGE_CHANNELS, channels(header.get(25)))
            .bytes(IMAGE_BYTES, png);
    summary(step, time, new Proto().text(TAG, tag).message(IMAGE, image));
  }

  /** What TensorBoard calls the colour type of a PNG file: the number of channels it decodes to. */
  private static int channels(int colourType) {
    return switch (colourType) {
      case 0 -> 1;
      case 4 -> 2;
      case 6 -> 4;
      default -> 3;
    };
  }

  @Override
  public void close() {
    out.close();
  }

  private void summary(long step, Instant time, Proto value) {
    write(event(time).integer(STEP, step).message(SUMMARY, new Proto().message(VALUE, value)));
  }

  private static Proto event(Instant time) {
    return new Proto().real(WALL_TIME, time.getEpochSecond() + time.getNano() * 1e-9);
  }

  private void write(Proto event) {
    byte[] data = event.toBytes();
    byte[] length = Proto.littleEndian(8).putLong(data.length).array();
    out.append(
        ByteBuffer.allocate(16 + data.length)
            .order(ByteOrder.LITTLE_ENDIAN)
            .put(length)
            .putInt(maskedCrc(length))
            .put(data)
            .putInt(maskedCrc(data))
            .array());
  }

  /** Rotated and moved, so that a checksum of bytes that hold checksums stays a good one. */
  private static int maskedCrc(byte[] bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes);
    return Integer.rotateRight((int) crc.getValue(), 15) + 0xa282ead8;
  }

  private static LogFile firstFree(Path directory, long second) {
    String host = host();
    for (long s = second; ; s++) {
      Optional<LogFile> file =
          LogFile.make(
              directory.resolve("events.out.tfevents." + s + "." + host),
              StandardOpenOption.CREATE_NEW,
              StandardOpenOption.WRITE);
      if (file.isPresent()) {
        return file.get();
      }
    }
  }

  /** A part of the file's name that nothing depends on, so any will do where there is none. */
  private static String host() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException _) {
      return "localhost";
    }
  }
}
