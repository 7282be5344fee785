/**
 * Gaussian diffusion (Ho et al. 2020; Nichol & Dhariwal 2021) written on tensors, for any network.
 */
package org.jdit.diffusion;
