package org.jdit.dit.train.log;

import java.io.IOException;
import java.io.PrintWriter;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import org.jdit.tensor.JditException;

/**
 * The lines of a run, on the console and at the end of a file, in the format of the official
 * train.py: {@code [2023-01-01 12:00:00] message}. Not for use by several threads at once.
 */
public final class TrainLog implements AutoCloseable {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss", Locale.ROOT);
  private static final String BLUE = "\033[34m";
  private static final String PLAIN = "\033[0m";

  private final LogFile out;
  private final PrintWriter console;
  private final boolean colour;
  private final Clock clock;

  /**
   * Opens the log.
   *
   * @param file {@code log.txt}, which lines are added to if it exists; its directory exists
   * @param console where the lines go, too; stays open when this is closed
   * @param colour whether the time is blue on the console; the file has no colours
   * @param clock the time and the zone it is shown in
   * @throws JditException if the file cannot be written
   */
  public TrainLog(Path file, PrintWriter console, boolean colour, Clock clock) {
    this.console = console;
    this.colour = colour;
    this.clock = clock;
    endLastLine(file);
    out = LogFile.open(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
  }

  /** Writes a line. */
  public void info(String message) {
    String time = write(message);
    console.println("[%s] %s".formatted(colour ? BLUE + time + PLAIN : time, message));
    console.flush();
  }

  /** Writes why the run ends into the file alone, since the console will hear of it anyhow. */
  public void failure(String message) {
    write(message);
  }

  private String write(String message) {
    String time = LocalDateTime.now(clock).format(TIME);
    out.append("[%s] %s\n".formatted(time, message).getBytes(StandardCharsets.UTF_8));
    return time;
  }

  /**
   * Writes how far training is: {@code (step=0000100) Train Loss: 0.1234, Train Steps/Sec: 1.23}.
   *
   * @param loss the mean since the last such line
   */
  public void progress(long step, double loss, double stepsPerSecond) {
    info(
        "(step=%07d) Train Loss: %s, Train Steps/Sec: %s"
            .formatted(step, fixed(loss, 4), fixed(stepsPerSecond, 2)));
  }

  /** As Python writes it: rounded from the number itself, not from its shortest decimal form. */
  private static String fixed(double value, int digits) {
    if (Double.isNaN(value)) {
      return "nan";
    }
    if (Double.isInfinite(value)) {
      return value > 0 ? "inf" : "-inf";
    }
    return new BigDecimal(value).setScale(digits, RoundingMode.HALF_EVEN).toPlainString();
  }

  /** A killed run may have left half a line, which the next one must not become part of. */
  private static void endLastLine(Path file) {
    if (!Files.exists(file)) {
      return;
    }
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      ByteBuffer last = ByteBuffer.allocate(1);
      long size = channel.size();
      if (size > 0 && channel.read(last, size - 1) == 1 && last.get(0) != '\n') {
        channel.write(ByteBuffer.wrap(new byte[] {'\n'}), size);
      }
    } catch (IOException e) {
      throw LogFile.failure(file, e);
    }
  }

  @Override
  public void close() {
    out.close();
  }
}
