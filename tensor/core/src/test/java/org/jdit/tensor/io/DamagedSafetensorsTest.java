package org.jdit.tensor.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jdit.tensor.JditException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files that are cut off, corrupt or made to harm are refused in one sentence. */
class DamagedSafetensorsTest {
  private static byte[] file(String json, int dataBytes) {
    byte[] header = json.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(8 + header.length + dataBytes)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(header.length)
        .put(header)
        .array();
  }

  private static void refused(byte[] bytes, String why) {
    assertThatThrownBy(() -> Safetensors.open(Resources.memory(bytes)))
        .isInstanceOf(JditException.class)
        .hasMessageStartingWith("file cannot be read: ")
        .hasMessageContaining(why)
        .hasMessageEndingWith("; get an intact copy")
        .hasMessageNotContainingAny("\n", "\r", "\0");
  }

  @Test
  void everyTruncationIsRefused() {
    byte[] whole = Resources.bytes("official.safetensors");
    for (int n = 0; n < whole.length; n++) {
      refused(Arrays.copyOf(whole, n), "");
    }
    refused(Arrays.copyOf(whole, whole.length + 1), "declares 63 bytes of tensors, but has 64");
    try (TensorFile file = Safetensors.open(Resources.memory(whole))) {
      assertThat(file.tensors()).hasSize(10);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1, 1000, Long.MAX_VALUE, Long.MIN_VALUE, -1, 656, 100_000_000})
  void aHeaderThatCannotBeIsRefused(long length) {
    refused(
        Resources.patched(Resources.bytes("official.safetensors"), 0, 8, length),
        "a header of " + Long.toUnsignedString(length) + " bytes in 663 bytes");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "[]|its header is not an object",
        "{\"a\":1}|tensor 'a' is not an object",
        "{\"a\":{}}|lacks a dtype, a shape or data_offsets",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}|lacks",
        "{\"a\":{\"dtype\":\"F8_E4M3\",\"shape\":[8],\"data_offsets\":[0,8]}}|'F8_E4M3', which is",
        "{\"a\":{\"dtype\":\"f32\",\"shape\":[2],\"data_offsets\":[0,8]}}|type 'f32'",
        "{\"a\":{\"dtype\":7,\"shape\":[2],\"data_offsets\":[0,8]}}|dtype of tensor 'a' is not a",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":2,\"data_offsets\":[0,8]}}|is not an array",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}|whole number",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2.0],\"data_offsets\":[0,8]}}|whole number",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[NaN],\"data_offsets\":[0,8]}}|NaN",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8,9]}}|begin and an end",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0]}}|begin and an end",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}|begin and an end",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}|has 8 bytes, but",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,16]}}|leaves a gap",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]}}|declares 16 bytes",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}|declares 4 bytes",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[3000000000],\"data_offsets\":[0,8]}}|is too large",
        "{\"a\":{\"dtype\":\"I8\",\"shape\":[2147483647,2147483647,2147483647],"
            + "\"data_offsets\":[0,8]}}|is too large",
        "{\"a\":{\"dtype\":\"F64\",\"shape\":[2147483647,1073741825],"
            + "\"data_offsets\":[0,8]}}|is too large",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[99999999999999999999],"
            + "\"data_offsets\":[0,8]}}|out of range",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8],\"x\":1}}|unknown field",
        "{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[2],"
            + "\"data_offsets\":[0,8]}}|Duplicate",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
            + "\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}|Duplicate",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
            + "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}|overlaps",
        "{\"__metadata__\":{\"k\":1}}|a value of __metadata__ is not a string",
        "{\"__metadata__\":[]}|__metadata__ is not an object",
        "{\"__metadata__\":{\"k\":{}}}|is not a string",
        "{} {}|something follows",
        "{}x|is not valid",
        "{\"a\"|is not valid",
        "{'a':1}|is not valid",
        "{/**/}|is not valid",
      })
  void aHeaderThatContradictsItselfIsRefused(String json, String why) {
    refused(file(json, 8), why);
  }

  @Test
  void deepNestingIsRefusedWithoutRecursion() {
    refused(file("{\"a\":" + "[".repeat(1_000_000), 8), "tensor 'a' is not an object");
    refused(file("[".repeat(1_000_000), 8), "its header is not an object");
  }

  @Test
  void aHeaderThatIsNotUtf8IsRefused() {
    byte[] bytes = file("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8);
    refused(Resources.patched(bytes, 10, 1, 0xff), "is not UTF-8");
    byte[] utf16 = "{}".getBytes(StandardCharsets.UTF_16LE);
    refused(file(new String(utf16, StandardCharsets.ISO_8859_1), 0), "is not valid");
  }

  @Test
  void hostileNamesDoNotReachTheMessageAsTheyAre() {
    String name = "\\n\\u001b[2J" + "x".repeat(10_000);
    assertThatThrownBy(() -> Safetensors.open(Resources.memory(file("{\"" + name + "\":1}", 0))))
        .isInstanceOf(JditException.class)
        .message()
        .hasSizeLessThan(300)
        .doesNotContain("\n", "\u001b");
  }

  @Test
  void emptyTensorsMayStandAnywhere() {
    String json =
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
            + "\"b\":{\"dtype\":\"F32\",\"shape\":[0,5],\"data_offsets\":[0,0]},"
            + "\"c\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[8,8]}}   ";
    try (TensorFile file = Safetensors.open(Resources.memory(file(json, 8)))) {
      assertThat(file.tensors().keySet()).containsExactly("b", "a", "c");
    }
  }
}
