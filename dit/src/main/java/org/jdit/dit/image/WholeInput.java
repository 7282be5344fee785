package org.jdit.dit.image;

import javax.imageio.stream.ImageInputStreamImpl;

/**
 * A file in memory that remembers whether its reader wanted more than there is: several decoders
 * fill up a truncated picture and say nothing.
 */
final class WholeInput extends ImageInputStreamImpl {
  private final byte[] file;
  private boolean exhausted;

  WholeInput(byte[] file) {
    this.file = file;
  }

  /** Whether bytes behind the end were asked for. */
  boolean exhausted() {
    return exhausted;
  }

  @Override
  public int read() {
    bitOffset = 0;
    if (streamPos >= file.length) {
      exhausted = true;
      return -1;
    }
    return file[(int) streamPos++] & 0xff;
  }

  @Override
  public int read(byte[] to, int at, int length) {
    bitOffset = 0;
    if (length > 0 && streamPos >= file.length) {
      exhausted = true;
      return -1;
    }
    int n = (int) Math.min(length, file.length - streamPos);
    System.arraycopy(file, (int) streamPos, to, at, n);
    streamPos += n;
    return n;
  }

  @Override
  public long length() {
    return file.length;
  }
}
