package org.jdit.dit.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.regex.Pattern;
import org.jdit.tensor.testkit.ReferenceData;
import org.jdit.tensor.testkit.Tolerance;
import org.jdit.weights.PositionTable;
import org.junit.jupiter.api.Test;

/** Time features and the position table equal torch's and numpy's. */
class TimestepFeaturesTest {
  /** One ulp in torch's exp() of a frequency, times t = 999, moves an angle by 3e-5. */
  private static final Tolerance FEATURES = new Tolerance(1e-4, 0);

  /** Double precision on both sides; sin and cos of angles below 100. */
  private static final Tolerance POSITIONS = new Tolerance(1e-12, 0);

  private final ReferenceData data = ReferenceData.resource("dit_forward.safetensors");

  @Test
  void featuresMatchForEvenAndOddDimensions() {
    double[] t = data.doubles("timestep_embedding/t");
    for (int dim : new int[] {256, 6, 7}) {
      FEATURES.assertClose(
          "dim " + dim,
          TimestepFeatures.compute(Numerics.OFFICIAL, dim, t),
          data.floats("timestep_embedding/" + dim));
    }
    FEATURES.assertClose(
        "t_freq",
        TimestepFeatures.compute(Numerics.OFFICIAL, 256, data.doubles("t")),
        data.floats("act/t_freq"));
  }

  @Test
  void diffusersFeaturesMatch() {
    ReferenceData theirs = ReferenceData.resource("diffusers/dit_forward.safetensors");
    FEATURES.assertClose(
        "t_freq",
        TimestepFeatures.compute(Numerics.DIFFUSERS, 256, theirs.doubles("t")),
        theirs.floats("act/t_freq"));
  }

  @Test
  void positionTableMatches() {
    for (String key : data.keys()) {
      if (key.startsWith("pos_embed/")) {
        int[] size =
            Pattern.compile("\\d+")
                .matcher(key)
                .results()
                .mapToInt(n -> Integer.parseInt(n.group()))
                .toArray();
        POSITIONS.assertClose(key, PositionTable.sinCos2d(size[0], size[1]), data.doubles(key));
      }
    }
  }

  @Test
  void positionTableIsTheCheckpointsToTheBit() {
    ReferenceData weights = ReferenceData.resource("dit_weights.safetensors");
    double[] table = PositionTable.sinCos2d(48, 4);
    float[] rounded = new float[table.length];
    for (int i = 0; i < table.length; i++) {
      rounded[i] = (float) table[i];
    }
    assertThat(rounded).isEqualTo(weights.floats("pos_embed"));
  }
}
