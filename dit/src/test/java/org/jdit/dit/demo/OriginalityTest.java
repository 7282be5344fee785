package org.jdit.dit.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Copies are told from new drawings, however they are changed. */
class OriginalityTest {
  private static final DemoSet SET = new DemoSet(30, Picture.SIDE, 0);
  private static final List<Picture> NEW = Picture.drawn(new DemoSet(20, Picture.SIDE, 1));

  private static List<Picture> half(int remainder) {
    return IntStream.range(0, NEW.size())
        .filter(i -> i % 2 == remainder)
        .mapToObj(NEW::get)
        .toList();
  }

  private static Originality judged(List<Picture> pictures) {
    List<Picture> both = new ArrayList<>(pictures);
    both.addAll(half(1));
    List<Neighbours> found = Neighbours.of(both, SET, 2);
    int n = pictures.size();
    return new Originality(found.subList(0, n), found.subList(n, found.size()));
  }

  @Test
  void newDrawingsPass() {
    assertThat(judged(half(0)).faults()).isEmpty();
  }

  @Test
  void everyChangedCopyIsFound() {
    List<Picture> planted = Planted.copies(SET);
    assertThat(judged(planted).copies()).hasSameSizeAs(planted);
  }

  @Test
  void oneCopyAmongManyIsAFault() {
    List<Picture> pictures = new ArrayList<>(half(0));
    pictures.set(7, Planted.blurred(Planted.shifted(Picture.drawn(SET).get(100), 1, -1)));
    Originality judged = judged(pictures);
    assertThat(judged.copies()).containsExactly(7);
    assertThat(judged.faults()).isNotEmpty();
    assertThat(judged.pictures().get(7).nearest().getFirst().example()).isEqualTo(100);
  }

  /** A mean of a drawing and a new one is no copy by itself; many of them are a fault. */
  @Test
  void picturesThatAreAllTooNearAreAFault() {
    List<Picture> drawn = Picture.drawn(SET);
    List<Picture> mixed =
        IntStream.range(0, 120)
            .mapToObj(i -> Planted.mixed(drawn.get(i * 3), NEW.get(i * 2), 0.6))
            .toList();
    assertThat(judged(mixed).faults()).anyMatch(fault -> fault.contains("quantile"));
  }
}
