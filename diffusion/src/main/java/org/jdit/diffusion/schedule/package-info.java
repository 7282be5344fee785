/** Noise schedules and timesteps: the numbers of the papers, computed in double. */
package org.jdit.diffusion.schedule;
