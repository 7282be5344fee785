package org.jdit.dit.model;

/** What a network works on. */
public enum Space {
  /** Latents of an autoencoder. */
  LATENT,
  /** Pixels themselves. */
  PIXEL
}
