package org.jdit.dit.data;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.stream.IntStream;

/** A short digest that tells data from others. */
final class Fingerprint {
  private static final int BYTES = 6;
  private static final int MOST_CHOSEN = 8;

  private final MessageDigest digest;

  /** Those of {@code size} examples that stand for all, spread over them. */
  static IntStream chosen(int size) {
    int count = Math.min(size, MOST_CHOSEN);
    return IntStream.range(0, count).map(i -> (int) ((long) i * size / count));
  }

  Fingerprint() {
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  /** Adds a line of text. */
  void add(String line) {
    digest.update(line.getBytes(StandardCharsets.UTF_8));
    digest.update((byte) '\n');
  }

  /** Adds bytes, to their end. */
  void add(InputStream bytes) throws IOException {
    bytes.transferTo(new DigestOutputStream(OutputStream.nullOutputStream(), digest));
  }

  /** Adds numbers. */
  void add(float... numbers) {
    ByteBuffer bytes =
        ByteBuffer.allocate(Math.multiplyExact(numbers.length, Float.BYTES))
            .order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(numbers);
    digest.update(bytes);
  }

  /** The digest of all that was added, which begins anew. */
  String hex() {
    return HexFormat.of().formatHex(digest.digest(), 0, BYTES);
  }
}
