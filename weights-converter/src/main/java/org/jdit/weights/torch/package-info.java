/** Files of {@code torch.save}, read and written without torch. */
package org.jdit.weights.torch;
