package org.jdit.tensor.op;

import java.util.Optional;
import org.jdit.tensor.Strided;

/** An operation that shows the same elements under another layout; it copies only if it must. */
public sealed interface View extends Primitive permits Reshape, Permute, Slice, Expand, Detach {
  /** The result's layout over the same buffer, or empty if the elements must be copied. */
  Optional<Strided> view(Strided in);
}
