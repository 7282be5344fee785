package org.jdit.dit.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The measures of variance pass other drawings and refuse planted faults. */
class SpreadTest {
  private static final int CLASSES = DemoDrawings.CLASSES.size();
  private static final List<Picture> DRAWN = Picture.drawn(new DemoSet(60, Picture.SIDE, 1));
  private static final List<Picture> OTHERS = Picture.drawn(new DemoSet(60, Picture.SIDE, 2));

  @Test
  void otherDrawingsOfTheSameKindPass() {
    assertThat(Spread.ofPixels(OTHERS).faults(Spread.ofPixels(DRAWN))).isEmpty();
    assertThat(Spread.ofOutlines(OTHERS).faults(Spread.ofOutlines(DRAWN))).isEmpty();
    assertThat(Spread.ofForms(OTHERS).faults(Spread.ofForms(DRAWN))).isEmpty();
  }

  /** In pixels one shape of each class in many colours varies as much as all drawings do. */
  @Test
  void oneShapeOfEachClassIsRefusedThoughItsPixelsPass() {
    List<Picture> collapsed = Planted.collapsed(OTHERS);
    assertThat(Spread.ofPixels(collapsed).faults(Spread.ofPixels(DRAWN))).isEmpty();
    assertThat(Spread.ofOutlines(collapsed).partOf(Spread.ofOutlines(DRAWN)))
        .allMatch(part -> part < 0.5);
    assertThat(Spread.ofForms(collapsed).faults(Spread.ofForms(DRAWN))).isNotEmpty();
  }

  /** One figure moved about differs in outline, but not in form. */
  @Test
  void oneFormMovedAboutIsRefused() {
    List<Picture> moved =
        IntStream.range(0, OTHERS.size())
            .mapToObj(i -> Planted.shifted(OTHERS.get(i / 60 * 60 + 1), i % 9 - 4, i / 9 % 9 - 4))
            .toList();
    assertThat(Spread.ofForms(moved).faults(Spread.ofForms(DRAWN))).hasSizeGreaterThan(CLASSES / 2);
  }

  @Test
  void oneCollapsedClassIsRefusedThoughTheMeanPasses() {
    List<Picture> one =
        IntStream.range(0, OTHERS.size())
            .mapToObj(i -> OTHERS.get(i / 60 == 3 ? 3 * 60 + i % 2 : i))
            .toList();
    assertThat(Spread.ofOutlines(one).faults(Spread.ofOutlines(DRAWN)))
        .singleElement()
        .asString()
        .startsWith(DemoDrawings.CLASSES.get(3));
  }

  @Test
  void moreVarianceThanDrawingsHaveIsRefused() {
    List<Picture> loud =
        IntStream.range(0, OTHERS.size())
            .mapToObj(i -> Planted.brightened(OTHERS.get(i), i % 2 == 0 ? 120 : -120))
            .toList();
    assertThat(Spread.ofPixels(loud).faults(Spread.ofPixels(DRAWN))).isNotEmpty();
  }
}
