package deepflow.oracle.zoo;

import deepflow.tensor.Attended;
import deepflow.tensor.AttentionGradients;
import deepflow.tensor.Backend;
import deepflow.tensor.Normalized;
import deepflow.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// Operations as a mistaken program has them; the defaults are right. Each is given the back end it alters.
public interface Alteration {
    default Tensor gelu(Backend b, Tensor x) {
        return b.gelu(x);
    }

    default Tensor geluBackward(Backend b, Tensor x, Tensor dy) {
        return b.geluBackward(x, dy);
    }

    default Tensor siluBackward(Backend b, Tensor x, Tensor dy) {
        return b.siluBackward(x, dy);
    }

    default Tensor matmul(Backend b, Tensor x, boolean transposeX, Tensor y, boolean transposeY) {
        return b.matmul(x, transposeX, y, transposeY);
    }

    default Tensor linear(Backend b, Tensor x, Tensor w, @Nullable Tensor bias) {
        return b.linear(x, w, bias);
    }

    default Attended attention(Backend b, Tensor q, Tensor k, Tensor v, double scale) {
        return b.attention(q, k, v, scale);
    }

    default AttentionGradients attentionBackward(
            Backend b, Tensor q, Tensor k, Tensor v, double scale, Attended forward, Tensor dout) {
        return b.attentionBackward(q, k, v, scale, forward, dout);
    }

    default Normalized layerNorm(Backend b, Tensor x, double eps) {
        return b.layerNorm(x, eps);
    }

    default Tensor layerNormBackward(Backend b, Normalized forward, Tensor dy) {
        return b.layerNormBackward(forward, dy);
    }

    default Tensor gatherBackward(Backend b, Tensor dy, Tensor indices, int rows) {
        return b.gatherBackward(dy, indices, rows);
    }
}
