package deepflow.model;

import deepflow.autograd.Layout;
import deepflow.autograd.Pointwise;
import deepflow.autograd.Variable;
import deepflow.nn.Block;
import deepflow.nn.Context;
import deepflow.nn.Declarations;
import deepflow.nn.DynamicsLayer;
import deepflow.nn.Initializer;
import deepflow.nn.LabelEmbedder;
import deepflow.nn.PatchEmbedder;
import deepflow.nn.PositionTable;
import deepflow.nn.SiluMlp;
import deepflow.nn.TimestepEmbedder;
import deepflow.tensor.Backend;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// DeepFlow-kT, and SiT as its case k = 1 (SPEC §2–3): L blocks in k branches, a velocity layer after each, a VeRA
/// block between two. Branch i is conditioned by c_i = t_emb(t_i) + y_emb; the network is fed x_{t₁} alone.
///
/// @param config what it is made of
public record DeepFlow(ModelConfig config) implements VelocityModel {
    @Override
    public void declare(Declarations into) {
        int d = config.width();
        into.child("x_embedder", patches()).child("t_embedder", times()).child("y_embedder", labels());
        into.fixed("pos_embed", Shape.of(1, config.tokens(), d), positions());
        for (int i = 0; i < config.depth(); i++) {
            into.child("blocks." + i, block());
        }
        if (config.kind() == ModelConfig.Kind.SIT) {
            into.child("final_layer", dynamics());
            return;
        }
        if (config.parts().timeGap()) {
            into.child("dt_embedder", gaps());
        }
        for (int j = 0; j < config.k() - 1; j++) {
            into.child("df_blocks." + j, new VeraBlock(config));
        }
        into.child("final_layer.0", dynamics()).child("final_layer.1", dynamics());
        if (config.parts().acceleration()) {
            into.child("final_acc_layer", dynamics());
        }
        for (int j = 0; j < config.k() - 1 && config.sslDim() > 0; j++) {
            into.child("projectors." + j, projector());
        }
    }

    private PatchEmbedder patches() {
        return new PatchEmbedder(config.patch(), config.channels(), config.width());
    }

    private TimestepEmbedder times() {
        return new TimestepEmbedder(config.width());
    }

    private LabelEmbedder labels() {
        return new LabelEmbedder(config.classes(), config.width());
    }

    private Initializer positions() {
        return new Initializer.Table(() -> PositionTable.of(config.width(), config.grid()));
    }

    private Block block() {
        return new Block(config.width(), config.heads(), config.qkNorm());
    }

    private TimestepEmbedder gaps() {
        return new TimestepEmbedder(config.gapWidth());
    }

    private DynamicsLayer dynamics() {
        return new DynamicsLayer(config.width(), config.patch() * config.patch() * config.outChannels());
    }

    private SiluMlp projector() {
        return SiluMlp.of(config.width(), config.acc(), config.acc(), config.sslDim());
    }

    @Override
    public Prediction forward(Context ctx, Variable x, List<Tensor> t, Tensor y) {
        if (t.size() != config.k()) {
            throw new IllegalArgumentException(
                    "a model of " + config.k() + " branches needs as many times, got " + t.size());
        }
        Prediction out = new Prediction(new ArrayList<>(), new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        Variable space = Pointwise.add(patches().forward(ctx.in("x_embedder"), x), ctx.parameter("pos_embed"));
        Variable labels = labels().forward(ctx.in("y_embedder"), y);
        Variable c = Pointwise.add(embed(ctx, t.getFirst()), labels);
        Variable h = space;
        int branch = 0;
        for (int i = 0; i < config.depth(); i++) {
            h = block().forward(ctx.in("blocks." + i), h, c);
            if (config.keys().contains(i + 1)) {
                out.velocities().add(velocity(ctx, "final_layer.0", h, c));
                h = refine(ctx, branch, h, space, c, t, out);
                branch++;
                c = Pointwise.add(embed(ctx, t.get(branch)), labels);
            }
        }
        String last = config.kind() == ModelConfig.Kind.SIT ? "final_layer" : "final_layer.1";
        out.velocities().add(velocity(ctx, last, h, c));
        return out;
    }

    /// VeRA block j, its acceleration in image space, and its projector; returns the refined tokens.
    private Variable refine(
            Context ctx, int j, Variable v, Variable space, Variable c, List<Tensor> t, Prediction out) {
        VeraBlock.Output vera =
                new VeraBlock(config).forward(ctx.in("df_blocks." + j), v, space, gap(ctx, t.get(j), t.get(j + 1)));
        if (vera.acceleration() != null) {
            out.accelerations().add(velocity(ctx, "final_acc_layer", vera.acceleration(), c));
        }
        out.refined().add(vera.refined());
        if (config.sslDim() > 0) {
            out.projected().add(projector().forward(ctx.in("projectors." + j), vera.refined()));
        }
        return vera.refined();
    }

    private Variable embed(Context ctx, Tensor t) {
        return times().forward(ctx.in("t_embedder"), ctx.tape().constant(t));
    }

    private @Nullable Variable gap(Context ctx, Tensor from, Tensor to) {
        if (!config.parts().timeGap()) {
            return null;
        }
        Backend b = ctx.tape().backend();
        return gaps().forward(ctx.in("dt_embedder"), ctx.tape().constant(b.subtract(to, from)));
    }

    /// A velocity (or acceleration) in image space: (N, T, D) → (N, C, H, W), learned sigma cut off.
    private Variable velocity(Context ctx, String layer, Variable tokens, Variable c) {
        Variable image = PatchEmbedder.unpatchify(
                dynamics().forward(ctx.in(layer), tokens, c), config.patch(), config.outChannels());
        return config.learnSigma() ? Layout.split(image, 1, 2).getFirst() : image;
    }
}
