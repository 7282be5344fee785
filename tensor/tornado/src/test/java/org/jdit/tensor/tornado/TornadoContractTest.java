package org.jdit.tensor.tornado;

import org.jdit.tensor.spi.Backend;
import org.jdit.tensor.spi.BackendOptions;
import org.jdit.tensor.testkit.BackendContract;

/** TornadoVM's first device computes what every backend must. */
class TornadoContractTest extends BackendContract {
  @Override
  protected Backend open() {
    return new TornadoBackendProvider().open(BackendOptions.DEFAULT);
  }
}
