package org.jdit.dit.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.jdit.tensor.JditException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Downloads from a server on the loopback: resumed, checked, recorded, verified. */
class OfficialFilesTest {
  private static final String NAME = "DiT-XL-2-256x256.pt";

  @TempDir private Path cache;
  private final byte[] content = new byte[300_000];
  private final StringWriter said = new StringWriter();
  private final List<String> ranges = new ArrayList<>();
  private HttpServer server;
  private String tag = "\"one\"";
  private int breakAfter = Integer.MAX_VALUE;

  @BeforeEach
  void serve() throws IOException {
    new Random(1).nextBytes(content);
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/files/" + NAME, this::answer);
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  private void answer(HttpExchange exchange) throws IOException {
    String range = exchange.getRequestHeaders().getFirst("Range");
    ranges.add(range);
    boolean same = tag.equals(exchange.getRequestHeaders().getFirst("If-Range"));
    int from = range == null || !same ? 0 : Integer.parseInt(range.replaceAll("\\D", ""));
    exchange.getResponseHeaders().set("ETag", tag);
    exchange
        .getResponseHeaders()
        .set("Content-Range", "bytes %d-%d/%d".formatted(from, content.length - 1, content.length));
    exchange.sendResponseHeaders(from == 0 ? 200 : 206, content.length - from);
    int until = Math.min(content.length, breakAfter);
    exchange.getResponseBody().write(Arrays.copyOfRange(content, from, until));
    exchange.close();
  }

  private OfficialFiles files(boolean usable) {
    String base = "http://127.0.0.1:" + server.getAddress().getPort() + "/files/";
    return new OfficialFiles(
        cache,
        Optional.of(base),
        new PrintWriter(said, true),
        file -> {
          if (!usable) {
            throw new JditException("no zip");
          }
        });
  }

  @Test
  void downloadsOnceAndSaysTheLicenceOnce() throws IOException {
    Path file = files(true).checkpoint(256);
    assertThat(Files.readAllBytes(file)).isEqualTo(content);
    assertThat(cache.resolve(NAME + ".sha256")).exists();
    assertThat(files(true).checkpoint(256)).isEqualTo(file);
    assertThat(ranges).hasSize(1);
    assertThat(said.toString()).containsOnlyOnce("CC-BY-NC");
  }

  @Test
  void resumesWhatBrokeOff() throws IOException {
    breakAfter = 100_000;
    assertThatThrownBy(() -> files(true).checkpoint(256))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("put it at " + cache.resolve(NAME));
    assertThat(cache.resolve(NAME)).doesNotExist();
    long kept = Files.size(cache.resolve(NAME + ".part"));
    breakAfter = Integer.MAX_VALUE;
    assertThat(Files.readAllBytes(files(true).checkpoint(256))).isEqualTo(content);
    assertThat(ranges.getLast()).isEqualTo("bytes=" + kept + "-");
  }

  @Test
  void beginsAnewIfTheFileHasChangedMeanwhile() throws IOException {
    breakAfter = 100_000;
    assertThatThrownBy(() -> files(true).checkpoint(256)).isInstanceOf(JditException.class);
    breakAfter = Integer.MAX_VALUE;
    tag = "\"two\"";
    new Random(2).nextBytes(content);
    assertThat(Files.readAllBytes(files(true).checkpoint(256))).isEqualTo(content);
  }

  @Test
  void refusesWhatIsNoUrl() {
    for (String url : List.of("foo", "file:///x", "http://a b", "https://")) {
      assertThatThrownBy(() -> OfficialFiles.checkUrl(url)).isInstanceOf(JditException.class);
    }
    OfficialFiles.checkUrl("https://example.org/mirror");
  }

  @Test
  void keepsNothingThatIsNoCheckpoint() {
    assertThatThrownBy(() -> files(false).checkpoint(256))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("no usable checkpoint");
    assertThat(cache).isEmptyDirectory();
  }

  @Test
  void noticesAChangedFile() throws IOException {
    Path file = files(true).checkpoint(256);
    content[5]++;
    Files.write(file, content);
    assertThatThrownBy(() -> files(true).checkpoint(256))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("has changed");
  }

  @Test
  void saysWhichFileToPutWhereIfNothingIsReachable() {
    server.stop(0);
    assertThatThrownBy(() -> files(true).checkpoint(256))
        .isInstanceOf(JditException.class)
        .hasMessageContaining(NAME)
        .hasMessageContaining("put it at " + cache.resolve(NAME));
  }

  @Test
  void usesAFileThatWasPutThereByHand() throws IOException {
    Files.write(cache.resolve(NAME), content);
    assertThat(files(true).checkpoint(256)).isEqualTo(cache.resolve(NAME));
    assertThat(ranges).isEmpty();
  }

  @Test
  void knowsTwoSizes() {
    assertThatThrownBy(() -> files(true).checkpoint(300)).hasMessageContaining("256 or 512");
  }
}
