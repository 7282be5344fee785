package org.jdit.nn;

import java.util.function.Supplier;
import org.jdit.tensor.Tensor;

/**
 * Shows a model's inner values by name while it is traced, for tests and dumps. A value that the
 * model does not need in that form (because a fused operation skips it) is recorded only if someone
 * listens.
 */
@FunctionalInterface
public interface Taps {
  /** Nobody listens. */
  Taps NONE =
      new Taps() {
        @Override
        public void tap(String name, Supplier<Tensor> value) {}

        @Override
        public boolean listening() {
          return false;
        }

        @Override
        public Taps at(String module) {
          return this;
        }
      };

  /** Receives an inner value; {@code value} records what is needed to compute it. */
  void tap(String name, Supplier<Tensor> value);

  /** Whether anybody listens. */
  default boolean listening() {
    return true;
  }

  /** The taps of a submodule: its names follow {@code module} and a dot. */
  default Taps at(String module) {
    return (name, value) -> tap(module + "." + name, value);
  }
}
