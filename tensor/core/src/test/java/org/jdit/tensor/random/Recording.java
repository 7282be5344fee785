package org.jdit.tensor.random;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** Recorded tensors of a safetensors resource, read as bits. */
record Recording(JsonNode header, ByteBuffer data) {
  static Recording open(String name) throws IOException {
    ByteBuffer file = ByteBuffer.wrap(bytes(name)).order(ByteOrder.LITTLE_ENDIAN);
    byte[] header = new byte[Math.toIntExact(file.getLong())];
    file.get(header);
    return new Recording(
        new ObjectMapper().readTree(header), file.slice().order(ByteOrder.LITTLE_ENDIAN));
  }

  static byte[] bytes(String name) throws IOException {
    try (InputStream in = Recording.class.getResourceAsStream("/reference/" + name)) {
      return in.readAllBytes();
    }
  }

  /** The elements: {@code int[]} for F32, {@code long[]} for F64 and I64. */
  Object bits(String tensor) {
    JsonNode entry = header.get(tensor);
    int start = entry.get("data_offsets").get(0).asInt();
    int length = entry.get("data_offsets").get(1).asInt() - start;
    ByteBuffer bytes = data.slice(start, length).order(ByteOrder.LITTLE_ENDIAN);
    String dtype = entry.get("dtype").asString();
    if (dtype.equals("F32")) {
      int[] out = new int[length / Integer.BYTES];
      bytes.asIntBuffer().get(out);
      return out;
    }
    if (dtype.equals("F64") || dtype.equals("I64")) {
      long[] out = new long[length / Long.BYTES];
      bytes.asLongBuffer().get(out);
      return out;
    }
    throw new IllegalArgumentException("No reader for " + dtype + " of " + tensor);
  }
}
