package org.jdit.tensor.spi;

import java.util.List;
import java.util.ServiceLoader;
import org.jdit.tensor.JditException;

/** The backends on the class path. */
public final class Backends {
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
   * @throws JditException if there is none of that name, or it is unavailable
   */
  public static Backend open(String name, BackendOptions options) {
    List<BackendProvider> all = providers();
    BackendProvider provider =
        all.stream()
            .filter(p -> p.name().equals(name))
            .findFirst()
            .orElseThrow(
                () ->
                    new JditException(
                        "no backend is called %s; there are: %s"
                            .formatted(name, all.stream().map(BackendProvider::name).toList())));
    provider
        .unavailable()
        .ifPresent(
            why -> {
              throw new JditException("backend " + name + " is not available: " + why);
            });
    return provider.open(options);
  }
}
