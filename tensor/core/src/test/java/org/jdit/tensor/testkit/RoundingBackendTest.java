package org.jdit.tensor.testkit;

import org.jdit.tensor.spi.Backend;

/** The contract's bounds admit plain float32 arithmetic. */
class RoundingBackendTest extends BackendContract {
  @Override
  protected Backend open() {
    return ReferenceBackend.rounding();
  }
}
