package org.jdit.tensor.cpu;

import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Optional;
import org.jdit.tensor.JditException;
import org.jdit.tensor.cpu.kernel.Lanes;
import org.jdit.tensor.cpu.kernel.VectorWidth;
import org.jdit.tensor.cpu.machine.FloatCode;
import org.jdit.tensor.spi.Backend;
import org.jdit.tensor.spi.BackendOptions;
import org.jdit.tensor.spi.BackendProvider;
import org.jdit.tensor.spi.DeviceInfo;
import org.jdit.tensor.spi.Finding;

/** Finds the CPU backend. */
public final class CpuBackendProvider implements BackendProvider {
  private static final String VECTORS = "jdk.incubator.vector";

  /** For {@link java.util.ServiceLoader}. */
  public CpuBackendProvider() {}

  @Override
  public String name() {
    return CpuBackend.NAME;
  }

  @Override
  public Optional<String> unavailable() {
    if (ModuleLayer.boot().findModule(VECTORS).isEmpty()) {
      return Optional.of("Java was started without the Vector API; add --add-modules " + VECTORS);
    }
    try {
      VectorWidth.chosen();
      FloatCode.find();
      return Optional.empty();
    } catch (JditException e) {
      return Optional.of(e.getMessage());
    }
  }

  @Override
  public List<Finding> diagnose() {
    return VectorCheck.run();
  }

  @Override
  public List<DeviceInfo> devices() {
    if (unavailable().isPresent()) {
      return List.of();
    }
    var os = ManagementFactory.getPlatformMXBean(com.sun.management.OperatingSystemMXBean.class);
    String description =
        "%d processors with %d-bit float vectors"
            .formatted(Runtime.getRuntime().availableProcessors(), 8 * Lanes.BYTES);
    return List.of(new DeviceInfo(CpuBackend.NAME, description, os.getTotalMemorySize()));
  }

  @Override
  public Backend open(BackendOptions options) {
    unavailable()
        .ifPresent(
            why -> {
              throw new JditException(why);
            });
    if (!options.device().isEmpty() && !options.device().equals(CpuBackend.NAME)) {
      throw new JditException(
          "the cpu backend has no device %s; leave the device away.".formatted(options.device()));
    }
    int threads =
        options.threads() == 0 ? Runtime.getRuntime().availableProcessors() : options.threads();
    return new CpuBackend(threads, options.profile(), options.precision());
  }
}
