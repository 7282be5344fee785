package org.jdit.tensor.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import org.jdit.tensor.DType;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.memory.TensorScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NpyTest {
  @TempDir Path directory;

  @Test
  void readsAndWritesTheBytesOfNumPy() throws IOException {
    Path path = Resources.file(directory, "latents.npy");
    Path out = directory.resolve("out.npy");
    try (TensorScope scope = TensorScope.open(new Memory())) {
      Tensor latents = Npy.map(path, scope);
      assertThat(latents.spec()).isEqualTo(Spec.f32(4, 4, 8, 8));
      float[] numbers = latents.toFloats();
      assertThat(numbers).startsWith(-199.52904f, -182.37373f);
      assertThat(numbers).endsWith(-169.76122f);
      Npy.write(out, latents);
    }
    assertThat(out).hasBinaryContent(Resources.bytes("latents.npy"));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void readsAllVersionsOfTheFormat(int version) {
    try (TensorScope scope = TensorScope.open(new Memory())) {
      Tensor t = Npy.map(Resources.memory(Resources.bytes("version" + version + ".npy")), scope);
      assertThat(t.spec()).isEqualTo(Spec.f32(2, 3));
      assertThat(t.toFloats()).containsExactly(0, 1, 2, 3, 4, 5);
    }
  }

  @Test
  void everyTruncationIsRefused() {
    for (String name : new String[] {"version1.npy", "version2.npy", "version3.npy"}) {
      byte[] whole = Resources.bytes(name);
      for (int n = 0; n < whole.length; n++) {
        refused(Arrays.copyOf(whole, n), "");
      }
      refused(Arrays.copyOf(whole, whole.length + 1), "takes 24 bytes, but it has 25");
    }
  }

  @Test
  void bfloat16IsNotWritten() {
    Path out = directory.resolve("out.npy");
    try (TensorScope scope = TensorScope.open(new Memory())) {
      Tensor t = scope.zeros(new Spec(Shape.of(2), DType.BF16));
      assertThatThrownBy(() -> Npy.write(out, t))
          .isInstanceOf(JditException.class)
          .hasMessageContaining("NumPy has no bfloat16");
    }
    assertThat(directory).isEmptyDirectory();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '`',
      value = {
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), };[2]",
        "{\"shape\":(2,),\"descr\":\"<f4\",\"fortran_order\":True};[2]",
        "  { 'shape' : ( 1 , 2L ) , 'fortran_order':False, 'descr':'<f4'}  ;[1, 2]",
        "{'descr': '<i8', 'fortran_order': False, 'shape': ()};[]",
        "{'descr': '<u1', 'fortran_order': False, 'shape': (8,)};[8]",
      })
  void headersMayBeSpacedAndOrderedAsPythonAllows(String header, String shape) {
    try (TensorScope scope = TensorScope.open(new Memory())) {
      assertThat(Npy.map(Resources.memory(array(header, 8)), scope).shape()).hasToString(shape);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '`',
      value = {
        "{'descr': '>f4', 'fortran_order': False, 'shape': (2,)};NumPy type '>f4'",
        "{'descr': '|O', 'fortran_order': False, 'shape': (2,)};NumPy type '|O'",
        "{'descr': '<c8', 'fortran_order': False, 'shape': ()};NumPy type '<c8'",
        "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,)};not one array",
        "{'descr': '<f4', 'fortran_order': 1, 'shape': (2,)};not one array",
        "{'descr': '<f4', 'fortran_order': False, 'shape': 2};not one array",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'x': ()};not one array",
        "{'descr': '<f4', 'shape': (2,)};not one array",
        "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2,)};not one array",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)} x;not one array",
        "x {'descr': '<f4', 'fortran_order': False, 'shape': (2,)};not one array",
        "{'descr': '<f4' 'fortran_order': False, 'shape': (2,)};not one array",
        "{'descr': '<f4\", 'fortran_order': False, 'shape': (2,)};not one array",
        "{};not one array",
        "};not one array",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2)};its shape '2'",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (,)};its shape ','",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,,1)};its shape",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (L,)};its shape",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-2,)};not one array",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2147483648,)};its shape",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)};its shape",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2147483647, 2147483647, 9)};its shape",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (3,)};takes 12 bytes, but it has 8",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)};takes 4 bytes, but it has 8",
      })
  void headersOfAnythingElseAreRefused(String header, String why) {
    refused(array(header, 8), why);
  }

  @Test
  void headersThatCannotBeAreRefused() {
    byte[] version1 = Resources.bytes("version1.npy");
    byte[] version2 = Resources.bytes("version2.npy");
    byte[] version3 = Resources.bytes("version3.npy");
    refused(Resources.patched(version1, 0, 1, 'x'), "not an array");
    refused(Resources.patched(version1, 6, 2, 4), "version 4.0 is none of");
    refused(Resources.patched(version1, 7, 1, 1), "version 1.1 is none of");
    refused(Resources.patched(version1, 8, 2, 0xffff), "cut off or too long");
    refused(Resources.patched(version2, 8, 4, 0xffffffffL), "cut off or too long");
    refused(Resources.patched(version2, 8, 4, 0x7fffffff), "cut off or too long");
    refused(Resources.patched(version3, 20, 1, 0xff), "not UTF-8");
    String axes = "1,".repeat(65);
    refused(array("{'descr':'<f8','fortran_order':False,'shape':(" + axes + ")}", 8), "its shape");
    refused(array("{'descr':'<f8','fortran_order':False,'shape':(" + "1,".repeat(30_000), 8), "");
  }

  private static byte[] array(String header, int dataBytes) {
    byte[] text = header.getBytes(StandardCharsets.ISO_8859_1);
    byte[] bytes = Arrays.copyOf(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0}, 10);
    bytes =
        Arrays.copyOf(Resources.patched(bytes, 8, 2, text.length), 10 + text.length + dataBytes);
    System.arraycopy(text, 0, bytes, 10, text.length);
    return bytes;
  }

  private static void refused(byte[] bytes, String why) {
    try (TensorScope scope = TensorScope.open(new Memory())) {
      assertThatThrownBy(() -> Npy.map(Resources.memory(bytes), scope))
          .isInstanceOf(JditException.class)
          .hasMessageContaining(why);
    }
  }
}
