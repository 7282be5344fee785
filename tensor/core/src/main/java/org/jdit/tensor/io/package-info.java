/**
 * Files of tensors: safetensors, npy and npz, read by mapping and written atomically, of any size.
 * Parsers trust nothing in a file: whatever is wrong with one is a {@link
 * org.jdit.tensor.JditException}.
 */
package org.jdit.tensor.io;
