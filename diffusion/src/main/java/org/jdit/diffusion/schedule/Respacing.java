package org.jdit.diffusion.schedule;

import java.util.Arrays;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jdit.tensor.JditException;

/**
 * Choice of the timesteps to visit out of those trained, by a short text:
 *
 * <ul>
 *   <li>{@code "250"}: so many, evenly spaced, the first and the last included;
 *   <li>{@code "10,15,20"}: so many of each of three equal sections of the chain;
 *   <li>{@code "ddim25"}: every k-th, from 0, as the DDIM paper strides;
 *   <li>{@code ""}: all.
 * </ul>
 */
public final class Respacing {
  private static final String STRIDED = "ddim";

  private Respacing() {}

  /**
   * The timesteps that {@code spec} chooses of {@code steps}.
   *
   * @throws JditException if the text is of no such form, or asks for what the chain cannot give
   */
  public static SortedSet<Integer> select(int steps, String spec) {
    if (spec.startsWith(STRIDED)) {
      return strided(steps, count(spec.substring(STRIDED.length()), spec));
    }
    if (spec.isEmpty()) {
      return sections(steps, steps);
    }
    return sections(
        steps, Arrays.stream(spec.split(",", -1)).mapToInt(s -> count(s.strip(), spec)).toArray());
  }

  private static int count(String number, String spec) {
    try {
      int n = Integer.parseInt(number);
      if (n > 0) {
        return n;
      }
    } catch (NumberFormatException e) {
      // Refused below, with the whole text.
    }
    throw new JditException(
        ("timestep respacing \"%s\" is not a count (250), a list of counts (10,15,20),"
                + " or ddim and a count (ddim25)")
            .formatted(spec));
  }

  private static SortedSet<Integer> strided(int steps, int wanted) {
    for (int stride = 1; stride < steps; stride++) {
      if ((steps + stride - 1) / stride == wanted) {
        SortedSet<Integer> chosen = new TreeSet<>();
        for (int t = 0; t < steps; t += stride) {
          chosen.add(t);
        }
        return chosen;
      }
    }
    throw new JditException(
        "cannot create exactly %d steps with an integer stride out of %d; use a divisor of %2$d"
            .formatted(wanted, steps));
  }

  private static SortedSet<Integer> sections(int steps, int... counts) {
    SortedSet<Integer> chosen = new TreeSet<>();
    int start = 0;
    for (int i = 0; i < counts.length; i++) {
      int size = steps / counts.length + (i < steps % counts.length ? 1 : 0);
      if (size < counts[i]) {
        throw new JditException(
            "cannot divide section of %d steps into %d".formatted(size, counts[i]));
      }
      double stride = counts[i] > 1 ? (size - 1.0) / (counts[i] - 1) : 1;
      double at = 0;
      for (int k = 0; k < counts[i]; k++) {
        // A running sum rounded half to even: other arithmetic visits other timesteps.
        chosen.add(start + (int) Math.rint(at));
        at += stride;
      }
      start += size;
    }
    return chosen;
  }
}
