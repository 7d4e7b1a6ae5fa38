package deepflow.cli;

import java.util.ArrayList;
import java.util.List;

/// Dumps whose metadata cannot be used: configuration, objective, optimizer.
final class HostileMetadata {
    private static final String STEP = "optimizer";

    private final HostileCases cases;

    HostileMetadata(HostileCases cases) {
        this.cases = cases;
    }

    void collect() {
        configs();
        otherMetadata();
        optimizers();
    }

    private void configs() {
        String config = cases.good().meta("config");
        List<String> required = List.of("size", "patch", "channels", "classes", "width", "depth", "heads", "k", "acc");
        for (String key : required) {
            String field = "\"" + key + "\": [0-9]+";
            List<String> values = new ArrayList<>(List.of(
                    "-1",
                    "1000000000",
                    "9223372036854775808",
                    "1e9",
                    "2.5",
                    "2.0",
                    "\"2\"",
                    "null",
                    "true",
                    "[2]",
                    "{}",
                    "NaN",
                    "-0.0",
                    "1" + "0".repeat(2000)));
            if (!key.equals("classes")) {
                values.add("0");
            }
            values.forEach(v -> cases.meta("config", config.replaceFirst(field, "\"" + key + "\": " + v)));
            cases.meta("config", config.replaceFirst(field, "\"other\": 1"));
            cases.meta("config", config.replaceFirst(field, "$0, $0"));
        }
        for (String extra : List.of(
                "\"colour\": 1",
                "\"Size\": 8",
                "\"model\": \"dit\"",
                "\"model\": 1",
                "\"model\": \"sit\"",
                "\"keys\": 1",
                "\"keys\": []",
                "\"keys\": [0]",
                "\"keys\": [2]",
                "\"keys\": [1, 1]",
                "\"keys\": [-1]",
                "\"keys\": [1.5]",
                "\"keys\": [1000000000]",
                "\"keys\": [\"1\"]",
                "\"keys\": [[1]]",
                "\"clamp\": 1",
                "\"clamp\": \"true\"",
                "\"clamp\": null",
                "\"qk_norm\": 0",
                "\"qk_norm\": true",
                "\"learn_sigma\": \"no\"",
                "\"learn_sigma\": true",
                "\"ssl_dim\": -1",
                "\"ssl_dim\": 1.5",
                "\"ssl_dim\": 1000000000",
                "\"ssl_dim\": 8",
                "\"design\": \"half\"",
                "\"design\": \"additive\"",
                "\"time_gap\": false",
                "\"acceleration\": false",
                "\"cross_space\": false",
                "\"acc_form\": \"wide\"",
                "\"acc_form\": \"shallow\"",
                "\"deep\": " + "[".repeat(5000) + "]".repeat(5000))) {
            cases.meta("config", config.replace("}", ", " + extra + "}"));
        }
        cases.meta(
                "config",
                null,
                "",
                " ",
                "{}",
                "[]",
                "null",
                "1",
                "\"tiny-2t\"",
                "tiny-2t",
                config + "x",
                config + config,
                "{" + config,
                config.replace("\"", "'"),
                config.replace(",", ",,"),
                config.replace("}", ",}"),
                config + "/**/",
                "[".repeat(50_000),
                "{\"a\":".repeat(50_000),
                "x".repeat(100_000),
                "{\"\u0000\": 1}",
                "{\"\\u001b[31m\": 1}",
                "\uFEFF" + config);
        // consistent numbers that the tensors do not fit
        for (String change : List.of(
                "size:4",
                "channels:2",
                "channels:16384",
                "classes:3",
                "classes:16777216",
                "width:24",
                "width:8",
                "depth:4",
                "depth:4096",
                "k:1",
                "acc:6",
                "acc:16384")) {
            String[] kv = change.split(":");
            cases.meta("config", config.replaceFirst("\"" + kv[0] + "\": [0-9]+", "\"" + kv[0] + "\": " + kv[1]));
        }
        // contradictions
        cases.meta("config", config.replaceFirst("\"patch\": 2", "\"patch\": 3"));
        cases.meta("config", config.replaceFirst("\"size\": 2", "\"size\": 3"));
        cases.meta("config", config.replaceFirst("\"heads\": 3", "\"heads\": 5"));
        cases.meta("config", config.replaceFirst("\"k\": 2", "\"k\": 3"));
        cases.meta("config", config.replaceFirst("\"depth\": 2", "\"depth\": 3"));
    }

    private void otherMetadata() {
        cases.meta(
                "betas",
                null,
                "",
                "0.2",
                "[]",
                "[1.0]",
                "[0.2, 1.0, 1.0]",
                "[0.2, NaN]",
                "[0.2, Infinity]",
                "[0.2, 1e999]",
                "[0.2, \"1\"]",
                "[0.2, null]",
                "[0.2, true]",
                "[[0.2], 1.0]",
                "{\"0\": 1}",
                "[0.2, 1.0",
                "[0.2, 1.0]]",
                "[0.2 1.0]",
                "[" + "0.1,".repeat(100_000) + "1]",
                "[".repeat(100_000),
                "[1, 1" + "0".repeat(100_000) + "]",
                " ".repeat(2_000_000));
        cases.meta("lambda", null, "", "one", "NaN", "-Infinity", "1e999", "\"1\"", "[1]", "{}", "true", "1 2", "0x10");
        cases.meta("precision", null, "", "F64", "float64", "f64 ", "int8", "\u001b[2J", "x".repeat(100_000));
        cases.meta("loss_scale", "0", "-1", "NaN", "1e999", "1e-400", "one", "", "[1]", "null");
        cases.meta("path", "", "Linear", "vp", "\n");
        cases.meta("target", "", "noise", "DIFFERENCE");
        cases.meta("ssl_weight", "", "NaN", "x", "[]");
        cases.meta("format", "", "2", "1.0", "safetensors", "tf");
        cases.meta("Config", "{}");
        cases.meta("author", "someone");
        cases.meta("", "x");
        cases.meta("\u001b]0;owned\u0007", "x");
        cases.meta("\u202e", "x");
        cases.meta("y".repeat(10_000), "x");
        cases.edited("a thousand unknown keys", d -> {
            for (int i = 0; i < 1000; i++) {
                d.meta("key" + i, "");
            }
        });
    }

    private void optimizers() {
        String step = cases.good().meta(STEP);
        cases.meta(
                STEP,
                null,
                "",
                "{}",
                "[]",
                "null",
                "adamw",
                "{\"name\": \"adamw\"}",
                step + "}",
                step.replace("adamw", "sgd"),
                step.replace("\"adamw\"", "1"),
                step.replace("}", ", \"momentum\": 0.9}"),
                step.replace("\"lr\"", "\"rate\""),
                step.replace("\"lr\": 0.001", "\"lr\": 0.001, \"lr\": 0.001"));
        for (String key : List.of("lr", "beta1", "beta2", "eps", "weight_decay", "step", "clip", "ema_decay")) {
            for (String value : List.of("-1", "NaN", "1e999", "\"1\"", "null", "[]", "true")) {
                cases.meta(STEP, step.replaceFirst("\"" + key + "\": [^,}]+", "\"" + key + "\": " + value));
            }
        }
        for (String bad : List.of(
                "beta1\": 1.0", "beta2\": 1", "ema_decay\": 1.5", "step\": 0", "step\": 1.5", "step\": 1e300")) {
            cases.meta(STEP, step.replaceFirst("\"" + bad.substring(0, bad.indexOf('"')) + "\": [^,}]+", "\"" + bad));
        }
        String name = "t_embedder.mlp.2.bias";
        for (String part : List.of("m", "v", "ema")) {
            String state = "before." + part + "." + name;
            cases.edited("no " + state, d -> d.remove(state::equals));
            cases.edited(state + " of another shape", d -> d.put(state, List.of(1L), 1));
            cases.edited(
                    state + " of integers",
                    d -> d.put(state, "I32", d.part(state).shape(), new byte[48]));
            cases.edited(state + " NaN", d -> d.set(state, 3, Double.NaN));
            cases.edited(state + " of no parameter", d -> d.put("before." + part + ".nothing", List.of(1L), 1));
        }
        cases.edited("negative second moment", d -> d.set("before.v." + name, 0, -1e-9));
        cases.edited("state of what is not trained", d -> {
            for (String part : List.of("m", "v", "ema")) {
                d.put(
                        "before." + part + ".pos_embed",
                        d.part("weight.pos_embed").shape(),
                        d.values("weight.pos_embed"));
            }
        });
        cases.edited(
                "after.* without before.*",
                d -> d.remove(n -> n.startsWith("before.")).put("after.m." + name, List.of(1L), 1));
        cases.edited(
                "gradient norm without optimizer",
                d -> d.meta(STEP, null).remove(n -> n.startsWith("before.")).put("optim.grad_norm", List.of(1L), 1));
    }
}
