package org.jdit.tensor.cpu.kernel;

import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.util.Set;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Tests that the build repeats at each vector width; those of a processor without are skipped. */
@Inherited
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@Tag("width")
@ExtendWith(EveryWidth.Condition.class)
public @interface EveryWidth {
  /** Asked before a test class, and with it the vectors it uses, is initialised. */
  final class Condition implements ExecutionCondition {
    /** Only these may be missing: anything else is a mistake that the kernels refuse. */
    private static final Set<String> WIDTHS = Set.of("128", "256", "512");

    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
      return evaluate(System.getProperty(VectorWidth.PROPERTY), FloatVector.SPECIES_PREFERRED);
    }

    static ConditionEvaluationResult evaluate(String bits, VectorSpecies<Float> widest) {
      if (bits == null
          || !WIDTHS.contains(bits)
          || Integer.parseInt(bits) <= widest.vectorBitSize()) {
        return ConditionEvaluationResult.enabled("The width is had, or refused by the kernels.");
      }
      return ConditionEvaluationResult.disabled(
          "vectors of %s bits: this processor has at most %d"
              .formatted(bits, widest.vectorBitSize()));
    }
  }
}
