package org.jdit.tensor.cpu.kernel;

import java.util.Optional;
import org.jdit.tensor.memory.Memory;

/**
 * Float registers that all steps share: a few stretches of memory for each worker, large enough for
 * what any step needs. Steps say what they need while they are built, so that running allocates
 * none.
 */
public final class Registers implements AutoCloseable {
  /** Elements of a chunk: three of them fit the first-level cache. */
  static final int CHUNK = 1024;

  /**
   * Elements of a page. Registers are whole pages: processors take a load for one of an element
   * stored just before if only their positions in a page are the same.
   */
  private static final int PAGE = 4096 / Float.BYTES;

  private final Memory memory;
  private final int workers;
  private Optional<Memory.Slab> slab = Optional.empty();
  private int count;
  private int length;
  private long address;

  /** Registers for a number of workers, from some memory. */
  public Registers(int workers, Memory memory) {
    this.workers = workers;
    this.memory = memory;
  }

  /**
   * Makes room for {@code count} registers of {@code length} elements for each worker, and for what
   * is missing to a whole vector.
   */
  void demand(int count, int length) {
    int whole = Math.ceilDiv(length, PAGE) * PAGE;
    if (count <= this.count && whole <= this.length) {
      return;
    }
    int most = Math.max(this.count, count);
    int longest = Math.max(this.length, whole);
    Memory.Slab room = memory.allocate((long) most * longest * Float.BYTES * workers);
    close();
    slab = Optional.of(room);
    address = room.segment().address();
    this.count = most;
    this.length = longest;
  }

  /** Bytes of all registers of a worker. */
  private long bytes() {
    return (long) count * length * Float.BYTES;
  }

  /** The address of a register of a worker, until a step is built. */
  long at(int worker, int register) {
    return address + worker * bytes() + (long) register * length * Float.BYTES;
  }

  /** Frees the memory. */
  @Override
  public void close() {
    slab.ifPresent(Memory.Slab::close);
    slab = Optional.empty();
  }
}
