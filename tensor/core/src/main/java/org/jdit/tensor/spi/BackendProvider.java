package org.jdit.tensor.spi;

import java.util.List;
import java.util.Optional;

/** How a backend is found; implementations are named in {@code META-INF/services}. */
public interface BackendProvider {
  /** Short name, as users give it. */
  String name();

  /**
   * What a user should know of this backend on this machine, measured now; takes a second or so.
   */
  List<Finding> diagnose();

  /** Why this backend cannot be opened on this machine and what to do, or empty if it can. */
  Optional<String> unavailable();

  /** The devices of this backend, the first being the usual one; empty if it is unavailable. */
  List<DeviceInfo> devices();

  /**
   * Opens the backend.
   *
   * @throws org.jdit.tensor.JditException if it is unavailable or the options do not fit
   */
  Backend open(BackendOptions options);
}
