package org.jdit.dit.train.log;

import java.awt.AWTError;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.math.BigDecimal;
import java.math.MathContext;
import java.nio.channels.Channels;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.IntToDoubleFunction;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.jdit.dit.image.Png;
import org.jdit.tensor.JditException;
import org.jdit.tensor.io.AtomicFile;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.XYStyler;
import org.knowm.xchart.style.markers.Marker;
import org.knowm.xchart.style.markers.SeriesMarkers;

/**
 * A picture of the loss over the steps: the training loss as it was measured and smoothed, and the
 * validation loss where there is one. The loss axis is logarithmic where the values span a factor
 * of 10 to 10<sup>20</sup>. It is drawn in memory and needs no display, only a font.
 */
public final class LossPlot {
  /** The column of the training loss. */
  public static final String LOSS = "loss";

  /** The column of the validation loss. */
  public static final String VALIDATION_LOSS = "validation_loss";

  private static final int WIDTH = 900;
  private static final int HEIGHT = 500;
  private static final double LARGE_RANGE = 10;

  /** Beyond, the powers of ten would have no room. */
  private static final double LARGEST_RANGE = 1e20;

  private static final double LARGEST_WITH_SUBDIVISIONS = 1e4;
  private static final Set<Long> SUBDIVISIONS = Set.of(1L, 2L, 5L);

  /** More points than pixels only cost time. */
  private static final int PLACES = 1000;

  /** The smoothed loss is the mean of so large a part of the run to either side. */
  private static final int PARTS = 60;

  private static final int FEWEST_NEIGHBOURS = 2;

  private static final int LONGEST_LABEL = 7;
  private static final MathContext LABEL = new MathContext(5);
  private static final Font FONT = new Font(Font.SANS_SERIF, Font.PLAIN, 13);
  private static final Color TEXT = new Color(0x333333);
  private static final Color GRID = new Color(0xe6e6e6);
  private static final Color RAW = new Color(0xa3c1e6);
  private static final Color SMOOTH = new Color(0x1f5fa8);
  private static final Color VALIDATION = new Color(0xd9722b);

  private LossPlot() {}

  /**
   * Writes the picture, a PNG file of 900 by 500 pixels, in place of the one that is there, if any.
   * Losses that are not finite are left out; without any loss the picture says so.
   *
   * @param records by rising steps
   * @throws JditException if it cannot be written, or Java finds no font to draw with
   */
  public static void write(Path png, List<Metrics> records) {
    requireFont(png);
    BufferedImage image = draw(Curve.of(records, LOSS), Curve.of(records, VALIDATION_LOSS));
    AtomicFile.write(png, out -> Png.write(image, Map.of(), Channels.newOutputStream(out)));
  }

  /** Where there is none, what the JDK throws says little of what to do. */
  private static void requireFont(Path png) {
    try {
      Graphics2D pen = new BufferedImage(1, 1, BufferedImage.TYPE_INT_RGB).createGraphics();
      pen.getFontMetrics(FONT);
      pen.dispose();
    } catch (RuntimeException | AWTError | InternalError | LinkageError e) {
      throw new JditException(
          "cannot draw %s (%s): install fontconfig and a font such as DejaVu Sans, and without a display run Java with -Djava.awt.headless=true"
              .formatted(png, e.getMessage()),
          e);
    }
  }

  private static BufferedImage draw(Curve train, Curve validation) {
    XYChart chart = new XYChartBuilder().width(WIDTH).height(HEIGHT).build();
    chart.setXAxisTitle("step");
    chart.setYAxisTitle("loss");
    style(chart.getStyler(), factor(train, validation));
    add(chart, "train", train.outline(), RAW, 1, train.marker());
    add(chart, "train, smoothed", train.smoothed(), SMOOTH, 2.2f, SeriesMarkers.NONE);
    add(chart, "validation", validation, VALIDATION, 2, SeriesMarkers.CIRCLE);
    if (chart.getSeriesCollection().isEmpty()) {
      chart.setTitle("no loss was measured yet");
    }
    BufferedImage image = new BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_INT_RGB);
    Graphics2D pen = image.createGraphics();
    chart.paint(pen, WIDTH, HEIGHT);
    pen.dispose();
    return image;
  }

  private static void style(XYStyler styler, double factor) {
    boolean logarithmic = factor >= LARGE_RANGE && factor <= LARGEST_RANGE;
    styler.setYAxisLogarithmic(logarithmic);
    styler.setYAxisLogarithmicDecadeOnly(factor > LARGEST_WITH_SUBDIVISIONS);
    styler.setYAxisTickLabelsFormattingFunction(loss -> label(loss, logarithmic));
    styler.setBaseFont(FONT);
    styler.setLocale(Locale.ROOT);
    styler.setChartFontColor(TEXT);
    styler.setChartBackgroundColor(Color.WHITE);
    styler.setChartPadding(14);
    styler.setPlotBorderVisible(false);
    styler.setPlotGridLinesColor(GRID);
    styler.setPlotGridLinesStroke(new BasicStroke(1));
    styler.setAxisTickLabelsFont(FONT.deriveFont(12f));
    styler.setAxisTickLabelsColor(TEXT);
    styler.setAxisTitleFont(FONT);
    styler.setXAxisDecimalPattern("#,##0.##");
    styler.setXAxisTickMarkSpacingHint(110);
    styler.setPlotMargin(0);
    styler.setChartTitleFont(FONT);
    styler.setLegendFont(FONT);
    styler.setLegendPosition(LegendPosition.InsideNE);
    styler.setLegendBorderColor(GRID);
    styler.setMarkerSize(6);
  }

  /** On a logarithmic axis only 1, 2 and 5 have room for theirs. */
  private static String label(double loss, boolean logarithmic) {
    BigDecimal label = new BigDecimal(loss).round(LABEL).stripTrailingZeros();
    boolean room = !logarithmic || SUBDIVISIONS.contains(label.unscaledValue().longValue());
    if (!room) {
      return " ";
    }
    String plain = label.toPlainString();
    return plain.length() <= LONGEST_LABEL ? plain : label.toString();
  }

  private static void add(
      XYChart chart, String name, Curve curve, Color colour, float width, Marker marker) {
    if (curve.steps.length > 0) {
      XYSeries series = chart.addSeries(name, curve.steps, curve.losses);
      series.setLineColor(colour);
      series.setLineStyle(new BasicStroke(width, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
      series.setMarker(marker);
      series.setMarkerColor(colour);
    }
  }

  /**
   * The largest loss divided by the smallest; 1 where there is none, or one that is not positive.
   */
  private static double factor(Curve... curves) {
    double[] all =
        Arrays.stream(curves).flatMapToDouble(c -> Arrays.stream(c.losses)).sorted().toArray();
    return all.length > 0 && all[0] > 0 ? all[all.length - 1] / all[0] : 1;
  }

  private static final class Curve {
    private final double[] steps;
    private final double[] losses;

    private Curve(double[] steps, double[] losses) {
      this.steps = steps;
      this.losses = losses;
    }

    static Curve of(List<Metrics> records, String column) {
      ToDoubleFunction<Metrics> loss = r -> r.values().getOrDefault(column, Double.NaN);
      List<Metrics> drawn =
          records.stream().filter(r -> Double.isFinite(loss.applyAsDouble(r))).toList();
      return new Curve(
          drawn.stream().mapToDouble(Metrics::step).toArray(),
          drawn.stream().mapToDouble(loss).toArray());
    }

    /** A line needs two points. */
    Marker marker() {
      return losses.length == 1 ? SeriesMarkers.CIRCLE : SeriesMarkers.NONE;
    }

    /** The same to the eye: of each place, the lowest and the highest loss. */
    Curve outline() {
      if (losses.length <= 2 * PLACES) {
        return this;
      }
      return at(
          places()
              .flatMap(
                  from -> {
                    int low = from;
                    int high = from;
                    for (int i = from; i < Math.min(from + stride(), losses.length); i++) {
                      low = losses[i] < losses[low] ? i : low;
                      high = losses[i] > losses[high] ? i : high;
                    }
                    return IntStream.of(Math.min(low, high), Math.max(low, high));
                  })
              .distinct()
              .toArray(),
          i -> losses[i]);
    }

    /** Means over neighbours to both sides, which unlike those before it do not lag behind. */
    Curve smoothed() {
      int reach = Math.max(FEWEST_NEIGHBOURS, losses.length / PARTS);
      return at(
          IntStream.concat(places(), IntStream.of(losses.length - 1).filter(i -> i >= 0))
              .distinct()
              .toArray(),
          i ->
              Arrays.stream(losses, Math.max(0, i - reach), Math.min(losses.length, i + reach + 1))
                  .average()
                  .orElseThrow());
    }

    private Curve at(int[] places, IntToDoubleFunction loss) {
      return new Curve(
          Arrays.stream(places).mapToDouble(i -> steps[i]).toArray(),
          Arrays.stream(places).mapToDouble(loss).toArray());
    }

    private IntStream places() {
      return IntStream.iterate(0, i -> i < losses.length, i -> i + stride());
    }

    private int stride() {
      return Math.ceilDiv(Math.max(1, losses.length), PLACES);
    }
  }
}
