package org.jdit.tensor.tornado;

import java.util.List;
import java.util.Optional;
import org.jdit.tensor.Spec;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.op.Op;
import org.jdit.tensor.program.Passes;
import org.jdit.tensor.program.Program;
import org.jdit.tensor.spi.Backend;
import org.jdit.tensor.spi.Executable;
import org.jdit.tensor.spi.Resident;
import org.jdit.tensor.spi.TaskTime;

/**
 * Runs Programs on a device through TornadoVM, which compiles the kernels, static Java methods, for
 * it. Nothing runs anywhere else: what cannot run on the device is refused.
 */
public final class TornadoBackend implements Backend {
  /** Name of this backend. */
  static final String NAME = "tornado";

  private final TornadoDevices.Device device;
  private final Memory memory = new Memory();
  private final Counters counters = new Counters();

  private final Optional<Profile> profile;

  TornadoBackend(TornadoDevices.Device device, boolean profile) {
    this.device = device;
    this.profile = profile ? Optional.of(new Profile()) : Optional.empty();
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String description() {
    return "TornadoVM, device %s, %s".formatted(device.id(), device.description());
  }

  @Override
  public boolean supports(Op op, List<Spec> in) {
    return Support.of(op, in);
  }

  @Override
  public Memory memory() {
    return memory;
  }

  TornadoDevices.Device device() {
    return device;
  }

  /** What this backend has run. */
  public Counters counters() {
    return counters;
  }

  /** Where the times of tasks are kept, if they are wanted. */
  Optional<Profile> profiler() {
    return profile;
  }

  @Override
  public List<TaskTime> profile() {
    return profile.map(Profile::times).orElse(List.of());
  }

  @Override
  public Resident newResident() {
    return new TornadoResident(this);
  }

  @Override
  public Executable compile(Program program, Resident resident) {
    if (!(resident instanceof TornadoResident store) || !store.backend().equals(this)) {
      throw new IllegalArgumentException("the resident store is not of this backend");
    }
    Loops loops = Loops.of(program);
    boolean stackable =
        loops.loops().values().stream()
            .flatMap(l -> l.operands().stream())
            .allMatch(o -> !(o instanceof Loops.Operand.Stacked s) || store.stackable(s.names()));
    Loops chosen = stackable ? loops : Loops.of(Passes.inline(program));
    Support.check(chosen.program());
    chosen.loops().values().forEach(l -> Support.check(l.body()));
    return new TornadoExecutable(store, chosen);
  }

  @Override
  public void close() {
    // Stores and executables own all there is.
  }
}
