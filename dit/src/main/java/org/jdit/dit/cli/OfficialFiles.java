package org.jdit.dit.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Optional;
import java.util.function.Consumer;
import org.jdit.tensor.JditException;
import org.jdit.weights.Checkpoint;
import org.jdit.weights.Checkpoint.Choice;

/**
 * The published checkpoints, downloaded once to a cache. A download that breaks off is resumed; a
 * finished one is checked for length and structure, its SHA-256 is recorded and verified at every
 * later use.
 */
final class OfficialFiles {
  private static final String LICENCE =
      "The DiT weights are published by Meta under CC-BY-NC 4.0: for non-commercial use only.";
  private static final int BUFFER = 1 << 16;

  private final Path cache;
  private final Optional<String> mirror;
  private final PrintWriter err;
  private final Consumer<Path> structure;

  /**
   * Files in {@code cache}.
   *
   * @param mirror a base URL instead of the publishers', for all files
   * @param structure throws {@link JditException} if a downloaded file is not what it should be
   */
  OfficialFiles(Path cache, Optional<String> mirror, PrintWriter err, Consumer<Path> structure) {
    this.cache = cache;
    this.mirror = mirror;
    this.err = err;
    this.structure = structure;
  }

  /** Checkpoints in the default cache, from {@code mirror} or the publishers. */
  static OfficialFiles from(Optional<String> mirror, PrintWriter err) {
    return new OfficialFiles(
        defaultCache(), mirror, err, file -> Checkpoint.open(file, Choice.AUTO).close());
  }

  /** The mirror that {@code $JDIT_OFFICIAL_URL} names. */
  static Optional<String> environmentUrl() {
    return Optional.ofNullable(System.getenv("JDIT_OFFICIAL_URL"));
  }

  /**
   * Checks a base URL that a user gave.
   *
   * @throws JditException if nothing can be downloaded from it
   */
  static void checkUrl(String url) {
    if (!url.matches("https?://[^\\s/]+.*") || !url.matches("\\S+")) {
      throw new JditException("'" + url + "' is no http or https URL to download from");
    }
  }

  /** {@code $JDIT_CACHE}, else {@code jdit} in {@code $XDG_CACHE_HOME} or {@code ~/.cache}. */
  static Path defaultCache() {
    String own = System.getenv("JDIT_CACHE");
    if (own != null) {
      return Path.of(own);
    }
    String xdg = System.getenv("XDG_CACHE_HOME");
    Path base = xdg != null ? Path.of(xdg) : Path.of(System.getProperty("user.home"), ".cache");
    return base.resolve("jdit");
  }

  /** The DiT-XL/2 checkpoint for images of 256 or 512 pixels. */
  Path checkpoint(int imageSize) {
    if (imageSize != 256 && imageSize != 512) {
      throw new JditException(
          "there is no official checkpoint for %d pixels: --image-size is 256 or 512"
              .formatted(imageSize));
    }
    String name = "DiT-XL-2-%dx%d.pt".formatted(imageSize, imageSize);
    return fetch(name, "https://dl.fbaipublicfiles.com/DiT/models/" + name, LICENCE);
  }

  /** The autoencoder fine-tuned with {@code mse} or {@code ema}. */
  Path vae(String kind) {
    String name = "sd-vae-ft-" + kind + "/diffusion_pytorch_model.safetensors";
    return fetch(
        name,
        "https://huggingface.co/stabilityai/sd-vae-ft-%s/resolve/main/%s"
            .formatted(kind, "diffusion_pytorch_model.safetensors"),
        "");
  }

  private Path fetch(String name, String published, String licence) {
    Path file = cache.resolve(name);
    Path digest = cache.resolve(name + ".sha256");
    try {
      if (Files.exists(file)) {
        verify(file, digest);
        return file;
      }
      Files.createDirectories(file.getParent());
      URI from =
          URI.create(mirror.map(m -> m.replaceAll("/+$", "") + "/" + name).orElse(published));
      if (!licence.isEmpty()) {
        err.println(licence);
      }
      err.println("Downloading " + from + " to " + file);
      Path part = cache.resolve(name + ".part");
      download(from, part, file);
      try {
        structure.accept(part);
      } catch (JditException e) {
        Files.delete(part);
        Files.deleteIfExists(part.resolveSibling(part.getFileName() + ".etag"));
        throw new JditException(
            "what %s sent is no usable checkpoint (%s); nothing was kept"
                .formatted(from, e.getMessage()),
            e);
      }
      Files.writeString(digest, sha256(part) + "\n");
      Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
      Files.deleteIfExists(part.resolveSibling(part.getFileName() + ".etag"));
      return file;
    } catch (IOException e) {
      throw new JditException("cannot keep %s in the cache: %s".formatted(file, e.getMessage()), e);
    }
  }

  private static void verify(Path file, Path digest) throws IOException {
    String now = sha256(file);
    if (!Files.exists(digest)) {
      Files.writeString(digest, now + "\n");
    } else if (!Files.readString(digest).strip().equals(now)) {
      throw new JditException(
          "%s has changed since it was recorded in %s: delete both to download it again"
              .formatted(file, digest.getFileName()));
    }
  }

  private void download(URI from, Path part, Path file) throws IOException {
    // A download is resumed only if the server says that it is still the same file.
    Path version = part.resolveSibling(part.getFileName() + ".etag");
    long have = Files.exists(part) && Files.exists(version) ? Files.size(part) : 0;
    HttpRequest.Builder request = HttpRequest.newBuilder(from).timeout(Duration.ofSeconds(60));
    if (have > 0) {
      request.header("Range", "bytes=" + have + "-");
      request.header("If-Range", Files.readString(version));
    }
    try (HttpClient client =
        HttpClient.newBuilder()
            .followRedirects(HttpClient.Redirect.NORMAL)
            .connectTimeout(Duration.ofSeconds(20))
            .build()) {
      HttpResponse<InputStream> response =
          client.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
      Optional<String> tag = response.headers().firstValue("ETag");
      if (tag.isPresent()) {
        Files.writeString(version, tag.get());
      } else {
        Files.deleteIfExists(version);
      }
      try (InputStream body = response.body()) {
        switch (response.statusCode()) {
          case 200 -> receive(body, part, 0, length(response, 0));
          case 206 -> {
            String range = response.headers().firstValue("Content-Range").orElse("");
            if (!range.startsWith("bytes " + have + "-")) {
              throw new IOException("the server sent " + range + " instead of the rest");
            }
            receive(body, part, have, length(response, have));
          }
          case 416 -> {
            Files.delete(part);
            throw new IOException("the partial download did not fit the file; run again");
          }
          default -> throw new IOException("HTTP status " + response.statusCode());
        }
      }
    } catch (IOException e) {
      throw new JditException(
          "cannot download %s (%s): get that file by other means and put it at %s"
              .formatted(from, e.getMessage() == null ? "no connection" : e.getMessage(), file),
          e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new JditException("the download of " + from + " was interrupted; it can be resumed", e);
    }
  }

  private static long length(HttpResponse<?> response, long from) {
    return from + response.headers().firstValueAsLong("Content-Length").orElse(-1 - from);
  }

  private void receive(InputStream body, Path part, long from, long length) throws IOException {
    ProgressBar progress = new ProgressBar(err, "download (MiB)");
    long done = from;
    try (FileChannel out =
        FileChannel.open(part, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      out.truncate(from);
      out.position(from);
      byte[] buffer = new byte[BUFFER];
      for (int n = body.read(buffer); n >= 0; n = body.read(buffer)) {
        ByteBuffer bytes = ByteBuffer.wrap(buffer, 0, n);
        while (bytes.hasRemaining()) {
          out.write(bytes);
        }
        if (length > 0 && (done + n) >> 24 > done >> 24) {
          progress.show((done + n) >> 20, length >> 20);
        }
        done += n;
      }
    }
    if (length > 0) {
      progress.show(done >> 20, length >> 20);
    }
    if (length >= 0 && done != length) {
      throw new IOException(
          "it broke off after %d of %d bytes; run again to resume".formatted(done, length));
    }
  }

  private static String sha256(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      byte[] buffer = new byte[1 << 20];
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        digest.update(buffer, 0, n);
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
