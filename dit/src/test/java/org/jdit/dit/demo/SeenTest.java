package org.jdit.dit.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What pictures were taken for is counted by what they should show. */
class SeenTest {
  private static final List<Picture> DRAWN = Picture.drawn(new DemoSet(4, Picture.SIDE, 1));

  @Test
  void theShareAndTheTableTellWhatWasMistaken() {
    List<Integer> as =
        IntStream.range(0, DRAWN.size())
            .mapToObj(i -> i == 5 || i == 6 ? 0 : DRAWN.get(i).label())
            .toList();
    Seen seen = new Seen(DRAWN, as);
    assertThat(seen.share()).isEqualTo(46 / 48.0);
    assertThat(seen.table())
        .hasSize(12)
        .contains("  heart        4 of   4", "  star         2 of   4  2 as heart");
  }

  @Test
  void oneAnswerForAllIsRightOnceInTwelve() {
    Seen seen = new Seen(DRAWN, DRAWN.stream().map(_ -> 3).toList());
    assertThat(seen.share()).isEqualTo(1 / 12.0);
  }
}
