package org.jdit.tensor.io;

import java.io.InputStream;
import java.util.Objects;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/** The content of a zip entry, never more and never less than the directory declares. */
final class ZipEntryStream extends InputStream {
  private static final int CHUNK = 1 << 16;

  private final Mappable file;
  private final ZipDirectory.Entry entry;
  private final Inflater inflater;
  private final CRC32 crc = new CRC32();
  private long read;
  private long given;

  ZipEntryStream(Mappable file, ZipDirectory.Entry entry) {
    this.file = file;
    this.entry = entry;
    this.inflater =
        switch (entry.method()) {
          case STORED -> null;
          case DEFLATED -> new Inflater(true);
        };
  }

  @Override
  public int read() {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] to, int offset, int length) {
    Objects.checkFromIndexSize(offset, length, to.length);
    if (length == 0) {
      return 0;
    }
    if (given == entry.size()) {
      return -1;
    }
    int wanted = (int) Math.min(Math.min(length, CHUNK), entry.size() - given);
    int n;
    if (inflater == null) {
      System.arraycopy(file.read(entry.offset() + given, wanted), 0, to, offset, wanted);
      n = wanted;
    } else {
      n = inflate(to, offset, wanted);
    }
    crc.update(to, offset, n);
    given += n;
    if (given == entry.size()) {
      checkEnd();
    }
    return n;
  }

  private int inflate(byte[] to, int offset, int length) {
    try {
      while (true) {
        int n = inflater.inflate(to, offset, length);
        if (n > 0) {
          return n;
        }
        if (inflater.finished() || inflater.needsDictionary() || !feed()) {
          throw damaged("ends too early");
        }
      }
    } catch (DataFormatException e) {
      throw damaged("is not deflated data");
    }
  }

  /** Hands the next compressed bytes to the inflater, if there are any left. */
  private boolean feed() {
    int n = (int) Math.min(CHUNK, entry.compressedSize() - read);
    if (n == 0 || !inflater.needsInput()) {
      return false;
    }
    inflater.setInput(file.read(entry.offset() + read, n));
    read += n;
    return true;
  }

  private void checkEnd() {
    if (inflater != null) {
      try {
        byte[] more = new byte[1];
        while (!inflater.finished()) {
          if (inflater.inflate(more) > 0) {
            throw damaged("is longer than declared");
          }
          if (!inflater.finished() && !feed()) {
            throw damaged("ends too early");
          }
        }
      } catch (DataFormatException e) {
        throw damaged("is not deflated data");
      }
    }
    if ((int) crc.getValue() != entry.crc()) {
      throw damaged("has a wrong checksum");
    }
  }

  private RuntimeException damaged(String what) {
    return file.damaged("its entry " + Failure.quoted(entry.name()) + " " + what);
  }

  @Override
  public void close() {
    if (inflater != null) {
      inflater.end();
    }
  }
}
