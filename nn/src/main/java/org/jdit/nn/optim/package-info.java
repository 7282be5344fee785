/** Optimisers and what goes with them, as operations on tensors that a training step records. */
package org.jdit.nn.optim;
