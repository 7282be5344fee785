package org.jdit.dit.cli;

import java.nio.file.Path;
import java.util.List;

/** How users name an autoencoder. */
final class Autoencoders {
  /** Stability AI's, the one that the official sample.py takes first. */
  static final List<String> OFFICIAL = List.of("mse", "ema");

  private Autoencoders() {}

  /**
   * The autoencoder called {@code which}: one of {@link #OFFICIAL}, downloaded if need be, or a
   * path.
   */
  static Path locate(String which, OfficialFiles official) {
    return OFFICIAL.contains(which) ? official.vae(which) : Path.of(which);
  }
}
