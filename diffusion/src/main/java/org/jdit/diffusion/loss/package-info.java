/** Training losses, likelihoods and the choice of timesteps to train on. */
package org.jdit.diffusion.loss;
