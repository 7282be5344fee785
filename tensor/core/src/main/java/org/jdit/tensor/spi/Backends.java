package org.jdit.tensor.spi;

import java.util.List;
import java.util.ServiceLoader;
import org.jdit.tensor.JditException;

/** The backends on the class path. */
public final class Backends {
  /** Name of the GPU backend, which is only in builds made with a TornadoVM SDK at hand. */
  public static final String TORNADO = "tornado";

  private Backends() {}

  /** All providers. */
  public static List<BackendProvider> providers() {
    return ServiceLoader.load(BackendProvider.class).stream()
        .map(ServiceLoader.Provider::get)
        .toList();
  }

  /** Opens the CPU backend with all processors. */
  public static Backend cpu() {
    return open("cpu", BackendOptions.DEFAULT);
  }

  /**
   * Opens a backend by name.
   *
   * @throws JditException if there is none of that name, it is unavailable, or the options do not
   *     fit
   */
  public static Backend open(String name, BackendOptions options) {
    return available(name).open(options);
  }

  /**
   * The provider of that name.
   *
   * @throws JditException if there is none, or its backend is unavailable
   */
  public static BackendProvider available(String name) {
    List<BackendProvider> all = providers();
    BackendProvider provider =
        all.stream()
            .filter(p -> p.name().equals(name))
            .findFirst()
            .orElseThrow(() -> absent(name, all));
    provider
        .unavailable()
        .ifPresent(
            why -> {
              throw new JditException("backend " + name + " is not available: " + why);
            });
    return provider;
  }

  private static JditException absent(String name, List<BackendProvider> all) {
    return new JditException(
        name.equals(TORNADO)
            ? "no backend is called tornado in this build: set TORNADOVM_HOME to a TornadoVM SDK"
                + " for JDK 25 and build again"
            : "no backend is called %s; there are: %s"
                .formatted(name, all.stream().map(BackendProvider::name).toList()));
  }
}
