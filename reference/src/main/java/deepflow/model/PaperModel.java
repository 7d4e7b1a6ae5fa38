package deepflow.model;

import java.util.List;
import java.util.Optional;

/// A row of the paper's Table 8, and the SiT models it compares with (SPEC §4).
///
/// @param name the paper's name of the model
/// @param config its configuration
/// @param millions the parameters the paper gives, in millions; mostly cut off, not rounded
public record PaperModel(String name, ModelConfig config, int millions) {
    /// All twenty: by branches, then size, then depth; the SiT models last.
    public static List<PaperModel> all() {
        return List.of(
                of("B/2-2T", 10, 144),
                of("B/2-2T", 12, 166),
                of("L/2-2T", 20, 431),
                of("L/2-2T", 22, 469),
                of("L/2-2T", 24, 507),
                of("XL/2-2T", 22, 588),
                of("XL/2-2T", 24, 636),
                of("XL/2-2T", 26, 683),
                of("XL/2-2T", 28, 731),
                of("L/2-3T", 18, 433),
                of("L/2-3T", 21, 490),
                of("L/2-3T", 24, 547),
                of("XL/2-3T", 18, 538),
                of("XL/2-3T", 21, 609),
                of("XL/2-3T", 24, 681),
                of("XL/2-3T", 27, 753),
                of("XL/2-4T", 28, 822),
                of("SiT-B/2", 12, 130),
                of("SiT-L/2", 24, 458),
                of("SiT-XL/2", 28, 675));
    }

    private static PaperModel of(String name, int depth, int millions) {
        return new PaperModel(name, Configs.named(name + "@" + depth), millions);
    }

    /// The row with this configuration.
    public static Optional<PaperModel> find(ModelConfig config) {
        return all().stream().filter(m -> m.config().equals(config)).findFirst();
    }
}
