package org.jdit.dit.train.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Reads event files with code of its own, checksums included. */
public final class EventFile {
  private EventFile() {}

  /** A decoded message: field number → number or bytes. */
  record Message(Map<Integer, Object> fields) {
    static Message parse(byte[] bytes) {
      Map<Integer, Object> fields = new HashMap<>();
      ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
      while (in.hasRemaining()) {
        long key = varint(in);
        Object value =
            switch ((int) (key & 7)) {
              case 0 -> varint(in);
              case 1 -> in.getDouble();
              case 2 -> {
                byte[] content = new byte[(int) varint(in)];
                in.get(content);
                yield content;
              }
              case 5 -> in.getFloat();
              default -> throw new AssertionError("wire type of key " + key);
            };
        if (fields.put((int) (key >> 3), value) != null) {
          throw new AssertionError("field " + (key >> 3) + " twice");
        }
      }
      return new Message(fields);
    }

    private static long varint(ByteBuffer in) {
      long value = 0;
      for (int shift = 0; ; shift += 7) {
        byte next = in.get();
        value |= (long) (next & 0x7f) << shift;
        if (next >= 0) {
          return value;
        }
      }
    }

    Object number(int field) {
      return fields.get(field);
    }

    byte[] bytes(int field) {
      return (byte[]) fields.get(field);
    }

    String text(int field) {
      return new String(bytes(field), StandardCharsets.UTF_8);
    }

    Message message(int field) {
      return parse(bytes(field));
    }
  }

  /** The whole records of a file; one that is cut off at the end is left out. */
  static List<Message> read(Path file) throws IOException {
    ByteBuffer in = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    List<Message> records = new ArrayList<>();
    while (in.remaining() >= 16 && in.remaining() >= 16 + in.getLong(in.position())) {
      byte[] length = take(in, 8);
      checked(length, in.getInt());
      byte[] data = take(in, (int) ByteBuffer.wrap(length).order(in.order()).getLong());
      checked(data, in.getInt());
      records.add(Message.parse(data));
    }
    return records;
  }

  /** The charts and images that a file has something of. */
  public static Set<String> tags(Path file) throws IOException {
    return read(file).stream()
        .filter(m -> m.fields().containsKey(5))
        .map(m -> m.message(5).message(1).text(1))
        .collect(Collectors.toSet());
  }

  /** The steps from which on earlier files are replaced. */
  public static List<Long> starts(Path file) throws IOException {
    return read(file).stream()
        .filter(m -> m.fields().containsKey(7))
        .map(m -> (Long) m.number(2))
        .toList();
  }

  private static byte[] take(ByteBuffer in, int count) {
    byte[] bytes = new byte[count];
    in.get(bytes);
    return bytes;
  }

  private static void checked(byte[] bytes, int masked) {
    int rotated = masked - 0xa282ead8;
    if ((rotated << 15 | rotated >>> 17) != crc32c(bytes)) {
      throw new AssertionError("wrong checksum");
    }
  }

  /** Castagnoli's polynomial, bit by bit. */
  private static int crc32c(byte[] bytes) {
    int crc = -1;
    for (byte b : bytes) {
      crc ^= b & 0xff;
      for (int i = 0; i < 8; i++) {
        crc = crc >>> 1 ^ ((crc & 1) == 0 ? 0 : 0x82f63b78);
      }
    }
    return ~crc;
  }
}
