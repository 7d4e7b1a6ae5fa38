package deepflow.report;

import deepflow.experiment.Demo;
import deepflow.io.FormatException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Locale;

/// What a demo made, as one HTML page that needs no other file.
public final class DemoPage {
    private DemoPage() {}

    /// The page.
    public static String html(Demo.Result r) {
        String numbers = String.format(
                Locale.ROOT,
                "<code>%s</code>, %,d parameters, trained for %d steps of 64 images. Fréchet distance of 1,797 samples to"
                        + " the data in pixel space: <b>%.3f</b> (random halves of the data are 0.31 apart). A nearest-neighbour"
                        + " classifier recognises %.0f %% of the digits below.",
                r.model(),
                r.parameters(),
                r.steps(),
                r.distance(),
                100 * r.recognised());
        return String.format(
                Locale.ROOT,
                """
                <!DOCTYPE html>
                <html lang="en">
                <head>
                <meta charset="utf-8">
                <meta name="viewport" content="width=device-width, initial-scale=1">
                <title>DeepFlow on digits</title>
                <style>
                body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
                  color: #222; background: #fff; }
                figure { margin: 2rem 0; }
                img { max-width: 100%%; height: auto; border: 1px solid #ddd; }
                figcaption { color: #555; }
                </style>
                </head>
                <body>
                <h1>DeepFlow on handwritten digits</h1>
                <p>%s</p>
                %s
                %s
                %s
                <h2>Go on</h2>
                <pre>deepflow sample --run %s --ema --cfg 1.5 --out samples
                deepflow train --config digits --data digits --steps 1600 --lr 1e-3 --out run</pre>
                </body>
                </html>
                """,
                numbers,
                figure(
                        r.grid(),
                        "A grid of digits drawn by the model, a class a row",
                        "Drawn by the model, a class a row: Heun's method, 20 steps, guidance 1.5."),
                figure(
                        r.curves(),
                        "The losses over the steps of training",
                        "Losses: the sum that is minimised (Eq. 10), deep supervision (Eq. 5), acceleration"
                                + " (Eq. 7)."),
                figure(
                        r.layers(),
                        "How far the features after each block are from the last block's",
                        "How far the tokens after each block are from those after the last, at several times"
                                + " (as the paper's figures 2d and 5 ask). The branches end after the middle and"
                                + " the last block."),
                Html.escape(r.run().toString()));
    }

    private static String figure(Path picture, String alternative, String caption) {
        try {
            String data = Base64.getEncoder().encodeToString(Files.readAllBytes(picture));
            return "<figure><img alt=\"" + alternative + "\" src=\"data:image/png;base64," + data + "\"><figcaption>"
                    + caption + "</figcaption></figure>";
        } catch (IOException e) {
            throw new FormatException(picture + " cannot be read: " + e.getMessage() + ".", e);
        }
    }
}
