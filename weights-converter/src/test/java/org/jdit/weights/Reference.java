package org.jdit.weights;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The recorded files that the tests read. */
public final class Reference {
  private Reference() {}

  /** A file of the reference data. */
  public static Path file(String name) {
    try {
      return Path.of(Reference.class.getResource("/reference/" + name).toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The bytes of a file. */
  public static byte[] bytes(String name) {
    try (InputStream in = Reference.class.getResourceAsStream("/reference/" + name)) {
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A JSON file. */
  public static JsonNode json(String name) {
    return JsonMapper.shared().readTree(bytes(name));
  }
}
