package org.jdit.tensor.io;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import org.jdit.tensor.JditException;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.TokenStreamFactory;
import tools.jackson.core.json.JsonFactory;

/**
 * JSON of files that are not trusted: one object, strict UTF-8, no property twice, nothing after
 * it, not deeply nested. Every departure from what the caller expects is a failure that names the
 * file.
 */
final class StrictJson {
  /** The limit of the reference implementation of safetensors. */
  static final int LARGEST = 100_000_000;

  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(32)
                  .maxStringLength(LARGEST)
                  .maxNumberLength(100)
                  .build())
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .disable(TokenStreamFactory.Feature.CANONICALIZE_PROPERTY_NAMES)
          .build();

  /** What is done with one property; the parser is at its value. */
  @FunctionalInterface
  interface Property {
    void read(String name);
  }

  private final Mappable file;
  private final JsonParser parser;

  private StrictJson(Mappable file, JsonParser parser) {
    this.file = file;
    this.parser = parser;
  }

  /** What reads the properties of the outermost object. */
  @FunctionalInterface
  interface Document {
    void read(StrictJson json);
  }

  /** Reads {@code bytes}, a part of {@code file}, as one JSON object. */
  static void read(Mappable file, byte[] bytes, Document document) {
    try {
      String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
      try (JsonParser parser = FACTORY.createParser(ObjectReadContext.empty(), text)) {
        parser.nextToken();
        document.read(new StrictJson(file, parser));
        if (parser.nextToken() != null) {
          throw file.damaged("something follows its JSON object");
        }
      }
    } catch (CharacterCodingException _) {
      throw file.damaged("its JSON is not UTF-8");
    } catch (JacksonException e) {
      throw file.damaged("its JSON is not valid: " + Failure.line(e.getOriginalMessage()));
    }
  }

  /** Reads the object the parser is at. */
  void object(String what, Property property) {
    if (parser.currentToken() != JsonToken.START_OBJECT) {
      throw expected(what, "an object");
    }
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String name = parser.currentName();
      parser.nextToken();
      property.read(name);
    }
  }

  /** Reads the array the parser is at, calling {@code element} at each of its values. */
  void array(String what, Runnable element) {
    if (parser.currentToken() != JsonToken.START_ARRAY) {
      throw expected(what, "an array");
    }
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      element.run();
    }
  }

  String string(String what) {
    if (parser.currentToken() != JsonToken.VALUE_STRING) {
      throw expected(what, "a string");
    }
    return parser.getString();
  }

  /** A number from 0 to 2⁶³ - 1. */
  long count(String what) {
    if (parser.currentToken() != JsonToken.VALUE_NUMBER_INT || parser.getLongValue() < 0) {
      throw expected(what, "a whole number that is not negative");
    }
    return parser.getLongValue();
  }

  /** Passes over any value. */
  void skip() {
    parser.skipChildren();
  }

  private JditException expected(String what, String kind) {
    return file.damaged(what + " is not " + kind);
  }
}
