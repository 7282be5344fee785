package org.jdit.tensor.testkit;

import org.jdit.tensor.spi.Backend;

/** The oracle keeps the contract that it is the measure of. */
class ReferenceBackendTest extends BackendContract {
  @Override
  protected Backend open() {
    return new ReferenceBackend();
  }
}
