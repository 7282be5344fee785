package org.jdit.tensor.tornado;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jdit.tensor.JditException;
import org.jdit.tensor.spi.Backend;
import org.jdit.tensor.spi.BackendOptions;
import org.jdit.tensor.spi.BackendProvider;
import org.jdit.tensor.spi.DeviceInfo;
import org.jdit.tensor.spi.Finding;
import org.jdit.tensor.spi.Precision;

/** Finds the TornadoVM backend. */
public final class TornadoBackendProvider implements BackendProvider {
  /** For {@link java.util.ServiceLoader}. */
  public TornadoBackendProvider() {}

  @Override
  public String name() {
    return TornadoBackend.NAME;
  }

  @Override
  public Optional<String> unavailable() {
    return TornadoDevices.unavailable();
  }

  @Override
  public List<Finding> diagnose() {
    List<Finding> f = new ArrayList<>();
    for (TornadoDevices.Device d : TornadoDevices.all()) {
      f.add(
          Finding.good(
              "device " + d.id(),
              "%s, %.1f GiB".formatted(d.description(), d.memoryBytes() / (double) (1 << 30))));
    }
    return f;
  }

  @Override
  public List<DeviceInfo> devices() {
    return TornadoDevices.all().stream()
        .map(d -> new DeviceInfo(d.id(), d.description(), d.memoryBytes()))
        .toList();
  }

  @Override
  public Backend open(BackendOptions options) {
    unavailable()
        .ifPresent(
            why -> {
              throw new JditException(why);
            });
    if (options.precision() != Precision.FP32) {
      throw new JditException(
          "the tornado backend computes in fp32 only, not in %s".formatted(options.precision()));
    }
    return new TornadoBackend(TornadoDevices.named(options.device()), options.profile());
  }
}
