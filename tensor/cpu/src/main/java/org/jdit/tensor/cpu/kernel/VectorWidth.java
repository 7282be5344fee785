package org.jdit.tensor.cpu.kernel;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;
import org.jdit.tensor.JditException;

/**
 * The choice of a vector width: the widest that the processor is good at, or {@code
 * -Djdit.vector.bits=128|256|512}. Results depend on it, since sums are taken lane by lane.
 */
public final class VectorWidth {
  /** Name of the system property that chooses a narrower width, in bits. */
  public static final String PROPERTY = "jdit.vector.bits";

  private VectorWidth() {}

  /**
   * The vectors to use; a kernel that is loaded without asking first fails in a way that tells
   * less.
   *
   * @throws JditException if the property asks for what cannot be had
   */
  public static VectorSpecies<Float> chosen() {
    return choose(System.getProperty(PROPERTY), FloatVector.SPECIES_PREFERRED);
  }

  static VectorSpecies<Float> choose(String bits, VectorSpecies<Float> widest) {
    if (bits == null) {
      int known = Math.clamp(widest.vectorBitSize(), 128, 512);
      return VectorSpecies.of(float.class, VectorShape.forBitSize(known));
    }
    if (!Arrays.asList("128", "256", "512").contains(bits)
        || Integer.parseInt(bits) > widest.vectorBitSize()) {
      throw new JditException(
          "%s=%s cannot be had on this processor; give 128, 256 or 512, at most %d."
              .formatted(PROPERTY, bits, widest.vectorBitSize()));
    }
    return VectorSpecies.of(float.class, VectorShape.forBitSize(Integer.parseInt(bits)));
  }
}
