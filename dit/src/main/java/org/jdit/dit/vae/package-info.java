/** The autoencoder of Stable Diffusion, which turns images into latents and back. */
package org.jdit.dit.vae;
