/** Samplers: how noise becomes an image, one model call at a time. */
package org.jdit.diffusion.sampler;
