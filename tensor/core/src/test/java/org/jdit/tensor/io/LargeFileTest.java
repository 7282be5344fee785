package org.jdit.tensor.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32;
import org.jdit.tensor.Elements;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.memory.TensorScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files beyond 4 GiB, most of them holes that take no space on the disk. */
class LargeFileTest {
  private static final int ROWS = 5 << 20;
  private static final long FIVE_GIB = ROWS * 1024L;

  @TempDir Path directory;

  private static FileChannel sparse(Path file) throws IOException {
    return FileChannel.open(
        file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE, StandardOpenOption.SPARSE);
  }

  private static ByteBuffer buffer(int size) {
    return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
  }

  @Test
  void aTensorOf5GiBAndOneBehindItAreMapped() throws IOException {
    byte[] header =
        """
        {"big":{"dtype":"F32","shape":[%d,256],"data_offsets":[0,%d]},\
        "last":{"dtype":"F32","shape":[2],"data_offsets":[%d,%d]}}\
        """
            .formatted(ROWS, FIVE_GIB, FIVE_GIB, FIVE_GIB + 8)
            .getBytes(StandardCharsets.UTF_8);
    Path path = directory.resolve("large.safetensors");
    try (FileChannel out = sparse(path)) {
      out.write(buffer(8).putLong(header.length).flip());
      out.write(ByteBuffer.wrap(header));
      long end = out.position() + FIVE_GIB;
      out.write(buffer(12).putFloat(7).putFloat(1).putFloat(2).flip(), end - 4);
    }
    try (TensorScope scope = TensorScope.open(new Memory());
        TensorFile file = Safetensors.open(path)) {
      Tensor big = file.map("big", scope);
      assertThat(big.spec()).isEqualTo(Spec.f32(ROWS, 256));
      MemorySegment data = big.concrete().data();
      assertThat(data.byteSize()).isEqualTo(FIVE_GIB);
      long last = big.shape().numel() - 1;
      assertThat(Elements.get(data, big.dtype(), last)).isEqualTo(7);
      assertThat(Elements.get(data, big.dtype(), last - 1)).isZero();
      assertThat(file.map("last", scope).toFloats()).containsExactly(1, 2);
      assertThat(scope.memory().liveBytes()).isZero();
    }
  }

  @Test
  void aZipEntryOf5GiBAndOneBehindItAreMapped() throws IOException {
    byte[] small = {1, 2, 3};
    CRC32 crc = new CRC32();
    crc.update(small);
    Path path = directory.resolve("large.zip");
    try (FileChannel out = sparse(path)) {
      // The sum of the large entry is not looked at when it is mapped.
      out.write(local('a', FIVE_GIB, 0));
      long second = out.position() + FIVE_GIB;
      out.position(second);
      out.write(local('b', small.length, (int) crc.getValue()));
      out.write(ByteBuffer.wrap(small));
      long start = out.position();
      out.write(central('a', FIVE_GIB, 0, 0));
      out.write(central('b', small.length, second, (int) crc.getValue()));
      long end = out.position();
      ByteBuffer b = buffer(56 + 20 + 22);
      b.putInt(Zips.ZIP64_END).putLong(44).putInt(0).putInt(0).putInt(0);
      b.putLong(2).putLong(2).putLong(end - start).putLong(start);
      b.putInt(Zips.ZIP64_LOCATOR).putInt(0).putLong(end).putInt(1);
      b.putInt(Zips.END).putInt(0).putInt(-1).putInt(-1).putInt(-1).putShort((short) 0);
      out.write(b.flip());
    }
    try (Arena arena = Arena.ofConfined();
        ZipDirectory zip = ZipDirectory.open(path)) {
      ZipDirectory.Entry a = zip.entries().get("a");
      assertThat(a.size()).isEqualTo(FIVE_GIB);
      MemorySegment big = zip.map(a, arena);
      assertThat(big.byteSize()).isEqualTo(FIVE_GIB);
      assertThat(big.get(ValueLayout.JAVA_BYTE, FIVE_GIB - 1)).isZero();
      ZipDirectory.Entry b = zip.entries().get("b");
      assertThat(b.offset()).isGreaterThan(FIVE_GIB);
      assertThat(zip.map(b, arena).toArray(ValueLayout.JAVA_BYTE)).isEqualTo(small);
      assertThat(zip.stream(b).readAllBytes()).isEqualTo(small);
    }
  }

  private static ByteBuffer local(char name, long size, int crc) {
    ByteBuffer b = buffer(30 + 1 + 20).putInt(Zips.LOCAL).putShort((short) 45).putInt(0).putInt(0);
    b.putInt(crc).putInt(-1).putInt(-1).putShort((short) 1).putShort((short) 20).put((byte) name);
    return b.putShort((short) 1).putShort((short) 16).putLong(size).putLong(size).flip();
  }

  private static ByteBuffer central(char name, long size, long offset, int crc) {
    ByteBuffer b = buffer(46 + 1 + 28).putInt(Zips.CENTRAL).putInt(45 << 16 | 45).putInt(0);
    b.putInt(0).putInt(crc).putInt(-1).putInt(-1).putShort((short) 1).putShort((short) 28);
    b.putShort((short) 0).putShort((short) 0).putShort((short) 0).putInt(0).putInt(-1);
    b.put((byte) name).putShort((short) 1).putShort((short) 24);
    return b.putLong(size).putLong(size).putLong(offset).flip();
  }
}
