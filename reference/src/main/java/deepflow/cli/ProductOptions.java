package deepflow.cli;

import deepflow.tensor.ProductPrecision;
import picocli.CommandLine.Option;

/// What matrix products round their factors to, for commands that run a model; added with `@Mixin`.
final class ProductOptions {
    static final String NAME = "--matmul-precision";
    static final String LABEL = "full|tf32|bf16|fp16";
    static final String DESCRIPTION = "What matrix products round their factors to; sums and all else stay in the"
            + " precision computed in. Other than full on GPUs only (default: full).";

    @Option(names = NAME, paramLabel = LABEL, description = DESCRIPTION)
    private ProductPrecision products = ProductPrecision.FULL;

    ProductPrecision products() {
        return products;
    }
}
