package org.jdit.tensor.spi;

import java.util.Arrays;
import java.util.stream.Collectors;
import org.jdit.tensor.JditException;

/**
 * How the operands of matrix products, convolutions and attention are rounded before they are
 * multiplied. Sums, everything else, and what is stored stay in the type of the tensors; so a
 * training has float32 master weights in every precision.
 */
public enum Precision {
  /** Not at all. */
  FP32("fp32"),

  /**
   * To the sum of two bfloat16 numbers, the nearest and the nearest to what that leaves: 16 bits,
   * twice those of bfloat16; products are added up in float32. A matrix unit may leave out the
   * product of both second numbers, which is below 2<sup>-16</sup> of the whole. A parameter that
   * only such operations use is kept rounded.
   */
  BF16X3("bf16x3"),

  /**
   * To bfloat16, the nearest, ties to even; products are added up in float32. A parameter that only
   * such operations use is kept rounded.
   */
  BF16("bf16");

  private final String label;

  Precision(String label) {
    this.label = label;
  }

  /**
   * The precision that users call so.
   *
   * @throws JditException if there is none
   */
  public static Precision of(String label) {
    return Arrays.stream(values())
        .filter(p -> p.label.equals(label))
        .findFirst()
        .orElseThrow(
            () ->
                new JditException(
                    "no precision is called %s; there are %s"
                        .formatted(
                            label,
                            Arrays.stream(values())
                                .map(Precision::toString)
                                .collect(Collectors.joining(", ")))));
  }

  /** What users call it. */
  @Override
  public String toString() {
    return label;
  }
}
