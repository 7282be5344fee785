/**
 * The Diffusion Transformer of "Scalable Diffusion Models with Transformers" (arXiv 2212.09748).
 */
package org.jdit.dit.model;
