package deepflow.report;

import deepflow.io.Text;

/// Texts inside HTML, wherever they come from.
final class Html {
    private Html() {}

    /// A text as it appears between tags or inside a quoted attribute: markup and characters that are not visible are
    /// escaped.
    static String escape(String text) {
        return Text.printable(text)
                .replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;")
                .replace("'", "&#39;");
    }

    /// The end of a text that is too long for a page; a name's end says more than its beginning.
    static String cut(String text, int longest) {
        return text.length() <= longest ? text : "…" + text.substring(text.length() - longest + 1);
    }
}
