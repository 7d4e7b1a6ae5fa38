package deepflow.experiment;

import deepflow.io.AtomicFile;
import java.awt.BasicStroke;
import java.awt.Color;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/// A picture of numbers against numbers: lines, or points where there is no order.
///
/// @param title above it
/// @param x what is on the horizontal axis
/// @param y what is on the vertical axis
/// @param kind how it is drawn
/// @param series what is drawn
record Plot(String title, String x, String y, Kind kind, List<Series> series) {
    private static final int WIDTH = 760;
    private static final int HEIGHT = 460;
    /// Okabe and Ito's colours, which colour-blind readers tell apart.
    private static final Color[] COLOURS = {
        new Color(0x0072B2),
        new Color(0xD55E00),
        new Color(0x009E73),
        new Color(0xCC79A7),
        new Color(0xE69F00),
        new Color(0x56B4E9),
        new Color(0x000000),
        new Color(0x999999),
    };

    /// How a plot is drawn.
    enum Kind {
        /// Lines through all points.
        LINES,
        /// Lines through all points, with a logarithmic vertical axis.
        LOGARITHMIC,
        /// Lines with a mark at each point.
        MARKED,
        /// Points alone, with equal axes.
        POINTS
    }

    /// Points of one colour.
    ///
    /// @param name in the legend
    /// @param xs horizontal
    /// @param ys vertical, as many
    /// @param errors half the length of error bars; null for none
    record Series(String name, double[] xs, double[] ys, double @Nullable [] errors) {
        Series(String name, double[] xs, double[] ys) {
            this(name, xs, ys, null);
        }
    }

    /// Draws it as PNG.
    void write(Path file) {
        AtomicFile.write(file, png());
    }

    /// The PNG file's bytes.
    byte[] png() {
        boolean points = kind == Kind.POINTS;
        XYChart chart = new XYChartBuilder()
                .width(points ? HEIGHT + 80 : WIDTH)
                .height(HEIGHT)
                .title(title)
                .xAxisTitle(x)
                .yAxisTitle(y)
                .build();
        chart.getStyler()
                .setChartBackgroundColor(Color.WHITE)
                .setPlotBorderVisible(false)
                .setLegendPosition(
                        points || kind == Kind.MARKED ? Styler.LegendPosition.OutsideE : Styler.LegendPosition.InsideNE)
                .setLegendBorderColor(Color.WHITE)
                .setLegendVisible(series.size() > 1);
        chart.getStyler().setYAxisLogarithmic(kind == Kind.LOGARITHMIC);
        chart.getStyler().setPlotGridLinesColor(new Color(0xDDDDDD));
        chart.getStyler().setMarkerSize(points ? 3 : 6);
        if (points) {
            chart.getStyler().setDefaultSeriesRenderStyle(XYSeries.XYSeriesRenderStyle.Scatter);
        }
        for (int i = 0; i < series.size(); i++) {
            add(chart, series.get(i), COLOURS[i % COLOURS.length]);
        }
        try (ByteArrayOutputStream out = new ByteArrayOutputStream()) {
            BitmapEncoder.saveBitmap(chart, out, BitmapEncoder.BitmapFormat.PNG);
            return out.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e); // memory does not fail so
        }
    }

    private void add(XYChart chart, Series s, Color colour) {
        XYSeries drawn = s.errors() == null
                ? chart.addSeries(s.name(), s.xs(), s.ys())
                : chart.addSeries(s.name(), s.xs(), s.ys(), s.errors());
        drawn.setLineColor(colour);
        drawn.setMarkerColor(colour);
        drawn.setLineStyle(new BasicStroke(2));
        drawn.setMarker(kind == Kind.MARKED || kind == Kind.POINTS ? SeriesMarkers.CIRCLE : SeriesMarkers.NONE);
    }

    /// The mean of each number and those around it, so that a noisy line can be read.
    ///
    /// @param reach how many on each side
    static double[] smooth(double[] ys, int reach) {
        double[] out = new double[ys.length];
        Arrays.setAll(
                out,
                i -> Arrays.stream(ys, Math.max(0, i - reach), Math.min(ys.length, i + reach + 1))
                        .average()
                        .orElse(0));
        return out;
    }
}
