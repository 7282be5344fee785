/**
 * Weights files of every kind that DiT meets: opened ({@link org.jdit.weights.Checkpoint}), renamed
 * between the layouts of the official code and of diffusers ({@link org.jdit.weights.DitKeys},
 * {@link org.jdit.weights.VaeKeys}), converted, inspected and compared.
 */
package org.jdit.weights;
