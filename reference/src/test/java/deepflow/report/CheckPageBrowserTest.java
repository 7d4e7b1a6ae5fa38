package deepflow.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The page in a real browser: its script runs under its own policy, filters by what the address says, and draws the
/// histogram. One test, so that a machine without Chromium reports one skip; `.ci/run` installs Chromium where it can,
/// and
/// makes its absence a failure then.
@Tag("browser")
class CheckPageBrowserTest {
    private static final Pattern ROW = Pattern.compile("<tr id=\"t(\\d+)\"([^>]*)>.*?</tr>", Pattern.DOTALL);

    @TempDir
    private Path folder;

    @Test
    void thePageWorksInChromium() throws IOException {
        Chromium chromium = Chromium.find().orElse(null);
        if (chromium == null) {
            String missing = "Chromium is not on the path, so the page of check --report was not tried in a browser;"
                    + " .ci/run installs it, or: apt-get install chromium";
            if (Boolean.getBoolean("deepflow.browser.required")) {
                fail(missing);
            }
            abort(missing);
        }
        Path page = Files.writeString(
                folder.resolve("page.html"), CheckPage.html(CheckPageTest.judge(CheckPageTest.wrong(folder), 0)));
        Path profile = folder.resolve("profile");

        String plain = chromium.dom(page, "", profile);
        List<MatchResult> all = ROW.matcher(plain).results().toList();
        assertTrue(all.size() > 150, () -> all.size() + " rows");
        assertEquals(all.size(), shown(plain).size(), "at first nothing is filtered");
        assertTrue(plain.contains("<title>INCONSISTENT: "), "no name became a script");
        assertTrue(histogram(plain).contains("act.blocks.1.mlp.fc2"), "the first wrong tensor is chosen");
        assertTrue(histogram(plain).contains("<rect"), "bars are drawn");
        assertTrue(histogram(plain).contains("96 elements: 0 exact"), histogram(plain));
        assertFalse(plain.contains("<form id=\"filters\" hidden"), "filters are there once the script runs");

        String wrong = chromium.dom(page, "#filter=wrong", profile);
        assertEquals(2, shown(wrong).size());
        assertTrue(wrong.contains("2 of " + all.size() + " shown"));
        shown(wrong).forEach(row -> assertTrue(row.contains("✗ wrong"), row));

        String gradients = chromium.dom(page, "#family=grad&q=FINAL_layer.1", profile);
        assertEquals(4, shown(gradients).size());
        shown(gradients).forEach(row -> assertTrue(row.contains(">grad.final_layer.1."), row));

        String chosen = chromium.dom(page, "#t" + all.getFirst().group(1), profile);
        assertTrue(histogram(chosen).contains("act.x_embedder.proj"), histogram(chosen));
        assertEquals(all.size(), shown(chosen).size());

        assertEquals(0, shown(chromium.dom(page, "#q=no-such-name", profile)).size());
        String nonsense = chromium.dom(page, "#filter=%3Cimg%3E&family=zz&t=1e9&t=-1", profile);
        assertEquals(all.size(), shown(nonsense).size(), "what the address may not say changes nothing");
    }

    private static List<String> shown(String dom) {
        return ROW.matcher(dom)
                .results()
                .filter(row -> !row.group(2).contains("hidden"))
                .map(MatchResult::group)
                .toList();
    }

    private static String histogram(String dom) {
        int from = dom.indexOf("<div id=\"histogram\"");
        return dom.substring(from, dom.indexOf("<h2 id=\"tensors\"", from));
    }
}
