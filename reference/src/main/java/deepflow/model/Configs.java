package deepflow.model;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Configurations by name. Case does not matter.
///
/// - Small ones, as in the PyTorch peer: `tiny-2t`, `tiny-3t`, `tiny-sit` (a DeepFlow with one branch), `digits`,
///   `latent-s`; and `digits-s`, smaller, and `toy`, for points of the plane (2×1×1).
/// - The paper's (SPEC §4): size `s`, `b`, `l` or `xl`, branches, and optionally the number of blocks, which is
///   otherwise the size's own: `b-2t@12`, `xl-4t`, `xl-3t@27`. Latents 4×32×32, K = 1000, A = 2048, patch 2, or another
///   after a slash as in the paper's own names: `XL/2-4T`, `b/4-2t`.
/// - SiT as published, with learned sigma: `sit-s`, `sit-b`, `sit-l`, `sit-xl`, `SiT-XL/2`, `sit-b@6`.
public final class Configs {
    private static final int LATENT_SIZE = 32;
    private static final int LATENT_CHANNELS = 4;
    private static final int IMAGENET_CLASSES = 1000;
    private static final int PUBLISHED_ACC = 2048;
    private static final int CLOSE_NAMES = 3;
    private static final int LONGEST_PATH = 400;

    private static final Pattern PAPER =
            Pattern.compile("(sit-)?(s|b|l|xl)(?:/(\\d{1,4}))?(?:-(\\d{1,4})t)?(?:@(\\d{1,4}))?");

    /// Width, heads and full depth of a size of the paper.
    private enum Size {
        S(384, 6, 12),
        B(768, 12, 12),
        L(1024, 16, 24),
        XL(1152, 16, 28);

        private final int width;
        private final int heads;
        private final int depth;

        Size(int width, int heads, int depth) {
            this.width = width;
            this.heads = heads;
            this.depth = depth;
        }
    }

    private Configs() {}

    /// The configuration of a name, or the one in a JSON file ([ConfigJson]).
    ///
    /// @param nameOrFile a name; or the path of a file
    /// @throws IllegalArgumentException if it is neither, or the configuration is wrong; one sentence without full
    ///     stop, with names that are close
    public static ModelConfig resolve(String nameOrFile) {
        ModelConfig known = find(nameOrFile);
        if (known != null) {
            return known;
        }
        if (nameOrFile.toLowerCase(Locale.ROOT).endsWith(".json")) {
            return read(nameOrFile);
        }
        throw unknown(nameOrFile);
    }

    /// The configuration of a name.
    ///
    /// @throws IllegalArgumentException if there is none of that name, or the name asks for something impossible
    ///     (`xl-3t`: 28 blocks in 3 branches); one sentence without full stop
    public static ModelConfig named(String name) {
        ModelConfig known = find(name);
        if (known == null) {
            throw unknown(name);
        }
        return known;
    }

    /// Names to choose from, sorted: all small ones, and each size of the paper in its usual forms.
    public static List<String> names() {
        List<String> all = new ArrayList<>(small().keySet());
        for (Size size : Size.values()) {
            String s = size.name().toLowerCase(Locale.ROOT);
            all.add("sit-" + s);
            for (int k = 2; k <= 4; k++) {
                all.add(s + "-" + k + "t" + (size.depth % k == 0 ? "" : "@" + size.depth / k * k));
            }
        }
        all.sort(Comparator.naturalOrder());
        return all;
    }

    private static @Nullable ModelConfig find(String name) {
        String n = name.toLowerCase(Locale.ROOT);
        ModelConfig fixed = small().get(n);
        Matcher m = PAPER.matcher(n);
        if (fixed != null || !m.matches()) {
            return fixed;
        }
        boolean sit = m.group(1) != null;
        if (sit == (m.group(4) != null)) { // sit-b-2t, or b without a number of branches
            return null;
        }
        Size size = Size.valueOf(m.group(2).toUpperCase(Locale.ROOT));
        int patch = number(m.group(3), 2);
        int depth = number(m.group(5), size.depth);
        int k = sit ? 1 : number(m.group(4), 1);
        if (k >= 1 && k <= depth && depth % k != 0) {
            String stem = n.contains("@") ? n.substring(0, n.indexOf('@')) : n;
            throw new IllegalArgumentException(n + " asks for " + depth + " blocks in " + k
                    + " equal branches: give another depth after @, as in " + stem + "@" + depth / k * k);
        }
        return paper(size, patch, depth, k, sit);
    }

    private static int number(@Nullable String digits, int usual) {
        return digits == null ? usual : Integer.parseInt(digits);
    }

    private static ModelConfig paper(Size size, int patch, int depth, int k, boolean sit) {
        ModelConfig config = ModelConfig.deepflow(
                LATENT_SIZE, patch, LATENT_CHANNELS, IMAGENET_CLASSES, size.width, depth, size.heads, k, PUBLISHED_ACC);
        return sit ? config.withOptions(ModelConfig.Kind.SIT, true) : config;
    }

    private static Map<String, ModelConfig> small() {
        return new TreeMap<>(Map.of(
                "tiny-2t", ModelConfig.deepflow(8, 2, 4, 10, 32, 4, 2, 2, 48),
                "tiny-3t", ModelConfig.deepflow(12, 3, 3, 7, 40, 6, 5, 3, 56),
                "tiny-sit", ModelConfig.deepflow(8, 2, 4, 10, 32, 4, 2, 1, 48),
                "digits", ModelConfig.deepflow(8, 2, 1, 10, 128, 6, 4, 2, 256),
                "digits-s", ModelConfig.deepflow(8, 2, 1, 10, 64, 4, 4, 2, 128),
                "toy", ModelConfig.deepflow(1, 1, 2, 8, 64, 4, 4, 2, 128),
                "latent-s", ModelConfig.deepflow(32, 2, 4, 1000, 384, 12, 6, 2, 2048)));
    }

    private static IllegalArgumentException unknown(String name) {
        String asked = name.toLowerCase(Locale.ROOT);
        String close = names().stream()
                .sorted(Comparator.comparingInt(n -> distance(asked, n)))
                .limit(CLOSE_NAMES)
                .collect(Collectors.joining(", "));
        return new IllegalArgumentException("there is no configuration " + JsonFields.quote(name) + "; close names: "
                + close + " (or the path of a .json file)");
    }

    /// Levenshtein's distance; a long name is compared by its beginning.
    private static int distance(String a, String b) {
        String start = a.substring(0, Math.min(a.length(), 40));
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= start.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int replaced = diagonal + (start.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replaced, Math.min(row[j - 1], row[j]) + 1);
            }
        }
        return row[b.length()];
    }

    private static ModelConfig read(String file) {
        String shown = JsonFields.quote(file, LONGEST_PATH);
        byte[] bytes;
        try {
            Path path = Path.of(file);
            if (!Files.isRegularFile(path)) {
                throw new IllegalArgumentException("there is no configuration file " + shown);
            }
            try (InputStream in = Files.newInputStream(path)) {
                bytes = in.readNBytes(ConfigJson.LONGEST + 1);
            }
        } catch (IOException e) {
            throw new IllegalArgumentException("the configuration file " + shown + " cannot be read", e);
        } catch (InvalidPathException e) {
            throw new IllegalArgumentException("there is no configuration file " + shown, e);
        }
        if (bytes.length > ConfigJson.LONGEST) {
            throw new IllegalArgumentException(
                    "the configuration file " + shown + " has more than the " + ConfigJson.LONGEST + " bytes allowed");
        }
        return parse(shown, bytes);
    }

    private static ModelConfig parse(String shown, byte[] bytes) {
        try {
            return ConfigJson.parse(StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString());
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException("the configuration file " + shown + " is not UTF-8", e);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("the configuration file " + shown + " is wrong: " + e.getMessage(), e);
        }
    }
}
