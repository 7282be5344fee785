package org.jdit.bench;

import java.util.ArrayList;
import java.util.List;

/**
 * Takes times side by side, so that a machine that is slow for a while is slow for all: each side
 * is warmed up until it gets no faster, then they take turns of a few runs. The first run of a turn
 * is not counted, because it finds the caches full of the other side's numbers.
 *
 * @param warmUpSeconds how long to warm up at least, and at least three runs
 * @param repeats runs to be counted
 */
public record Stopwatch(double warmUpSeconds, int repeats) {
  private static final int TURN = 3;
  private static final int WARM_UP_RUNS = 3;
  private static final double MAX_WARM_UP_SECONDS = 30;
  private static final double NO_FASTER = 0.98;

  /** The times of each side, in their order. */
  public List<Timing> compare(List<? extends Contender> sides) {
    sides.forEach(this::warmUp);
    List<List<Double>> seconds = new ArrayList<>();
    sides.forEach(_ -> seconds.add(new ArrayList<>()));
    for (int done = 0; done < repeats; done += TURN) {
      int runs = Math.min(TURN, repeats - done);
      for (int i = 0; i < sides.size(); i++) {
        List<Double> turn = sides.get(i).seconds(runs + 1);
        sides.get(i).rest();
        seconds.get(i).addAll(turn.subList(1, turn.size()));
      }
    }
    return seconds.stream().map(Timing::new).toList();
  }

  private void warmUp(Contender side) {
    double best = Double.MAX_VALUE;
    double total = 0;
    boolean faster = true;
    for (int run = 0;
        run < WARM_UP_RUNS || (total < MAX_WARM_UP_SECONDS && (total < warmUpSeconds || faster));
        run++) {
      double seconds = side.seconds(1).getFirst();
      total += seconds;
      faster = seconds < NO_FASTER * best;
      best = Math.min(best, seconds);
    }
    side.rest();
  }

  /** How many seconds each of so many runs takes. */
  public static List<Double> seconds(int runs, Runnable what) {
    List<Double> seconds = new ArrayList<>();
    for (int i = 0; i < runs; i++) {
      long start = System.nanoTime();
      what.run();
      seconds.add((System.nanoTime() - start) * 1e-9);
    }
    return seconds;
  }
}
