package deepflow.report;

import java.util.List;

/// Sentences in lines of 80 columns.
final class Wrapping {
    private static final int WIDTH = 80;

    private Wrapping() {}

    /// Adds a text in as many lines as it takes; a word that is longer than a line has one of its own.
    ///
    /// @param indent what every line begins with
    static void add(List<String> lines, String indent, String text) {
        StringBuilder line = new StringBuilder(indent);
        for (String word : text.split(" ")) {
            boolean first = line.length() == indent.length();
            if (!first && line.length() + 1 + word.length() > WIDTH) {
                lines.add(line.toString());
                line = new StringBuilder(indent);
                first = true;
            }
            line.append(first ? "" : " ").append(word);
        }
        lines.add(line.toString());
    }
}
