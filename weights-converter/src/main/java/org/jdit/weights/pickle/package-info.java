/**
 * Python pickles as plain data: read without running anything that the file names, and written for
 * torch.
 */
package org.jdit.weights.pickle;
