package deepflow.cli;

import deepflow.oracle.EditedDump;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/// Dumps that cannot be used, each made from a good one by one change.
final class HostileDumps {
    private static final String STEP = "optimizer";

    /// A file and what is wrong with it.
    record Case(String what, byte[] file) {
        @Override
        public String toString() {
            return what;
        }
    }

    private final EditedDump good;
    private final List<Case> cases = new ArrayList<>();

    private HostileDumps(EditedDump good) {
        this.good = good;
    }

    static List<Case> from(EditedDump good) {
        HostileDumps h = new HostileDumps(good);
        h.headers();
        h.configs();
        h.otherMetadata();
        h.optimizers();
        h.tensors();
        h.numbers();
        h.names();
        return h.cases;
    }

    private void edited(String what, Consumer<EditedDump> change) {
        EditedDump dump = good.copy();
        change.accept(dump);
        cases.add(new Case(what, dump.bytes()));
    }

    private void header(String what, String header) {
        cases.add(new Case("header " + what, good.bytes(header)));
    }

    private void meta(String key, String... values) {
        for (String value : values) {
            String shown =
                    value == null ? "absent" : value.length() > 60 ? "…" + value.substring(value.length() - 60) : value;
            edited(key + " " + shown, d -> d.meta(key, value));
        }
    }

    private void headers() {
        byte[] all = good.bytes();
        for (int length : new int[] {0, 1, 7, 8, 9, 100, all.length / 2, all.length - 1}) {
            cases.add(new Case("cut to " + length + " bytes", Arrays.copyOf(all, length)));
        }
        cases.add(new Case("longer than its header says", Arrays.copyOf(all, all.length + 1)));
        for (long length : new long[] {0, 1, 2, 100_000_000, 100_000_001, -1, Long.MAX_VALUE, Long.MIN_VALUE}) {
            byte[] file = all.clone();
            ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).putLong(0, length);
            cases.add(new Case("header length " + length, file));
        }
        String h = good.header();
        header("empty object", "{}");
        header("list", "[]");
        header("null", "null");
        header("cut", h.substring(0, h.length() - 1));
        header("with text behind it", h + "x");
        header("with NUL behind it", h + "\0\0\0");
        header("with byte-order mark", "\uFEFF" + h);
        header("with comment", "/* */" + h);
        header("with trailing comma", h.substring(0, h.length() - 1) + ",}");
        header("with single quotes", h.replace('"', '\''));
        header("with raw newline in a name", h.replace("in.x0", "in.\nx0"));
        header("with lone surrogate", h.replace("in.x0", "in.\\ud800x0"));
        header("nested 100000 deep", "{\"a\":" + "[".repeat(100_000) + "]".repeat(100_000) + "}");
        header("with metadata number", h.replace("\"precision\":\"f64\"", "\"precision\":64"));
        header("with metadata list", h.replace("\"precision\":\"f64\"", "\"precision\":[\"f64\"]"));
        header("with metadata twice", h.replaceFirst("\\{", "{\"__metadata__\":{},"));
        header(
                "with a metadata key twice",
                h.replace("\"precision\":\"f64\"", "\"precision\":\"f64\",\"precision\":\"f64\""));
        header("with a tensor twice", h.replace("\"in.x1\"", "\"in.x0\""));
        header("with lower-case type", h.replaceFirst("\"F32\"", "\"f32\""));
        header("with unknown type", h.replaceFirst("\"F32\"", "\"F33\""));
        header("with unsupported type", h.replaceFirst("\"F32\"", "\"F8_E4M3\""));
        header("without types", h.replace("\"dtype\"", "\"type\""));
        header("with negative extent", h.replaceFirst("\"shape\":\\[", "\"shape\":[-1,"));
        header("with fractional extent", h.replaceFirst("\"shape\":\\[", "\"shape\":[1.0,"));
        header("with huge extent", h.replaceFirst("\"shape\":\\[", "\"shape\":[99999999999999999999,"));
        header("with overflowing extents", h.replaceFirst("\"shape\":\\[", "\"shape\":[4294967296,4294967296,"));
        header("with offsets as text", h.replaceFirst("\"data_offsets\":\\[0,", "\"data_offsets\":[\"0\","));
        header("with negative offset", h.replaceFirst("\"data_offsets\":\\[0,", "\"data_offsets\":[-8,"));
        header("with hole at the begin", h.replaceFirst("\"data_offsets\":\\[0,", "\"data_offsets\":[8,"));
        header("with three offsets", h.replaceFirst("\"data_offsets\":\\[0,", "\"data_offsets\":[0,0,"));
        byte[] broken = all.clone();
        broken[20] = (byte) 0xFF;
        cases.add(new Case("header not UTF-8", broken));
        for (String other : List.of(
                "PK\3\4",
                "\u0080\2}q",
                "\u0093NUMPY\1\0",
                "GGUF\3\0\0\0",
                "\u0089HDF\r\n\u001a\n",
                "%PDF-1.7",
                "\u007fELF")) {
            byte[] file = Arrays.copyOf(other.getBytes(StandardCharsets.ISO_8859_1), 1000);
            cases.add(new Case("another format " + other.codePointAt(0), file));
        }
    }

    private void configs() {
        String config = good.meta("config");
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
            values.forEach(v -> meta("config", config.replaceFirst(field, "\"" + key + "\": " + v)));
            meta("config", config.replaceFirst(field, "\"other\": 1"));
            meta("config", config.replaceFirst(field, "$0, $0"));
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
            meta("config", config.replace("}", ", " + extra + "}"));
        }
        meta(
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
            meta("config", config.replaceFirst("\"" + kv[0] + "\": [0-9]+", "\"" + kv[0] + "\": " + kv[1]));
        }
        // contradictions
        meta("config", config.replaceFirst("\"patch\": 2", "\"patch\": 3"));
        meta("config", config.replaceFirst("\"size\": 2", "\"size\": 3"));
        meta("config", config.replaceFirst("\"heads\": 3", "\"heads\": 5"));
        meta("config", config.replaceFirst("\"k\": 2", "\"k\": 3"));
        meta("config", config.replaceFirst("\"depth\": 2", "\"depth\": 3"));
    }

    private void otherMetadata() {
        meta(
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
        meta("lambda", null, "", "one", "NaN", "-Infinity", "1e999", "\"1\"", "[1]", "{}", "true", "1 2", "0x10");
        meta("precision", null, "", "F64", "float64", "f64 ", "int8", "\u001b[2J", "x".repeat(100_000));
        meta("loss_scale", "0", "-1", "NaN", "1e999", "1e-400", "one", "", "[1]", "null");
        meta("path", "", "Linear", "vp", "\n");
        meta("target", "", "noise", "DIFFERENCE");
        meta("ssl_weight", "", "NaN", "x", "[]");
        meta("format", "", "2", "1.0", "safetensors", "tf");
        meta("Config", "{}");
        meta("author", "someone");
        meta("", "x");
        meta("\u001b]0;owned\u0007", "x");
        meta("\u202e", "x");
        meta("y".repeat(10_000), "x");
        edited("a thousand unknown keys", d -> {
            for (int i = 0; i < 1000; i++) {
                d.meta("key" + i, "");
            }
        });
    }

    private void optimizers() {
        String step = good.meta(STEP);
        meta(
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
                meta(STEP, step.replaceFirst("\"" + key + "\": [^,}]+", "\"" + key + "\": " + value));
            }
        }
        for (String bad : List.of(
                "beta1\": 1.0", "beta2\": 1", "ema_decay\": 1.5", "step\": 0", "step\": 1.5", "step\": 1e300")) {
            meta(STEP, step.replaceFirst("\"" + bad.substring(0, bad.indexOf('"')) + "\": [^,}]+", "\"" + bad));
        }
        String name = "t_embedder.mlp.2.bias";
        for (String part : List.of("m", "v", "ema")) {
            String state = "before." + part + "." + name;
            edited("no " + state, d -> d.remove(state::equals));
            edited(state + " of another shape", d -> d.put(state, List.of(1L), 1));
            edited(
                    state + " of integers",
                    d -> d.put(state, "I32", d.part(state).shape(), new byte[48]));
            edited(state + " NaN", d -> d.set(state, 3, Double.NaN));
            edited(state + " of no parameter", d -> d.put("before." + part + ".nothing", List.of(1L), 1));
        }
        edited("negative second moment", d -> d.set("before.v." + name, 0, -1e-9));
        edited("state of what is not trained", d -> {
            for (String part : List.of("m", "v", "ema")) {
                d.put(
                        "before." + part + ".pos_embed",
                        d.part("weight.pos_embed").shape(),
                        d.values("weight.pos_embed"));
            }
        });
        edited(
                "after.* without before.*",
                d -> d.remove(n -> n.startsWith("before.")).put("after.m." + name, List.of(1L), 1));
        edited(
                "gradient norm without optimizer",
                d -> d.meta(STEP, null).remove(n -> n.startsWith("before.")).put("optim.grad_norm", List.of(1L), 1));
    }

    private void tensors() {
        for (String name : good.names()) {
            boolean given = name.startsWith("in.") || name.startsWith("weight.");
            if (!given || name.startsWith("weight.blocks.1") || name.startsWith("weight.df_blocks.0.acc_mlp.2")) {
                continue;
            }
            edited("no " + name, d -> d.remove(name::equals));
            EditedDump.Part part = good.part(name);
            List<Long> longer = new ArrayList<>(part.shape());
            longer.addFirst(1L);
            edited(name + " of another rank", d -> d.put(name, part.type(), longer, part.bytes()));
        }
        for (String name :
                List.of("in.x0", "in.x1", "in.t.0", "in.t.1", "weight.pos_embed", "weight.x_embedder.proj.bias")) {
            EditedDump.Part part = good.part(name);
            int count = part.bytes().length / 4;
            edited(name + " of I32", d -> d.put(name, "I32", part.shape(), part.bytes()));
            edited(name + " of BOOL", d -> d.put(name, "BOOL", part.shape(), new byte[count]));
        }
        for (String name : List.of("in.x0", "in.x1", "in.y", "in.t.0", "in.t.1")) {
            EditedDump.Part part = good.part(name);
            int rest = part.bytes().length / part.shape().getFirst().intValue();
            for (long n : new long[] {0, 1, 2, 4}) {
                List<Long> shape = new ArrayList<>(part.shape());
                shape.set(0, n);
                edited(name + " of " + n + " samples", d -> d.put(name, part.type(), shape, new byte[(int) n * rest]));
            }
        }
        edited(
                "no samples at all",
                d -> List.of("in.x0", "in.x1", "in.y", "in.t.0", "in.t.1").forEach(name -> {
                    List<Long> shape = new ArrayList<>(d.part(name).shape());
                    shape.set(0, 0L);
                    d.put(name, d.part(name).type(), shape, new byte[0]);
                }));
        for (String type : List.of("F32", "U32")) {
            edited("labels of " + type, d -> d.put("in.y", type, List.of(3L), new byte[12]));
        }
        edited("labels of F64", d -> d.put("in.y", List.of(3L), 0, 1, 2));
        edited("labels of U64", d -> d.put("in.y", "U64", List.of(3L), new byte[24]));
        edited("more times than branches", d -> d.put("in.t.2", List.of(3L), 0, 0, 0));
        edited("another input", d -> d.put("in.mask", List.of(1L), 0));
        edited("features without alignment", d -> d.put("in.z", List.of(3L, 1L, 4L), new double[12]));
        edited("another weight", d -> d.put("weight.extra", List.of(1L), 0));
        edited("a thousand other weights", d -> {
            for (int i = 0; i < 1000; i++) {
                d.put("weight.extra." + i, List.of(), 0);
            }
        });
        edited("no tensors", d -> d.remove(n -> true));
        edited("no weights", d -> d.remove(n -> n.startsWith("weight.")));
        edited("results only", d -> d.remove(n -> n.startsWith("in.") || n.startsWith("weight.")));
    }

    private void numbers() {
        for (double bad : new double[] {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY}) {
            for (String name : List.of(
                    "in.x0",
                    "in.x1",
                    "in.t.0",
                    "in.t.1",
                    "weight.pos_embed",
                    "weight.x_embedder.proj.weight",
                    "weight.y_embedder.embedding_table.weight",
                    "weight.final_acc_layer.linear.bias")) {
                edited(name + " with " + bad, d -> d.set(name, 1, bad));
            }
        }
        for (double time : new double[] {-1e-12, -1, 1.0000000001, 2, 1e300}) {
            edited("time " + time, d -> d.set("in.t.0", 0, time));
            edited("later time " + time, d -> d.set("in.t.1", 2, time));
        }
        for (long label : new long[] {-1, 3, 1L << 32, Long.MIN_VALUE, Long.MAX_VALUE}) {
            ByteBuffer labels =
                    ByteBuffer.allocate(24).order(ByteOrder.LITTLE_ENDIAN).putLong(8, label);
            edited("label " + label, d -> d.put("in.y", "I64", List.of(3L), labels.array()));
        }
        ByteBuffer narrow =
                ByteBuffer.allocate(12).order(ByteOrder.LITTLE_ENDIAN).putInt(8, -1);
        edited("I32 label -1", d -> d.put("in.y", "I32", List.of(3L), narrow.array()));
    }

    private void names() {
        for (String odd : List.of(
                "weight.\u001b[31mred",
                "weight.a\r\nb",
                "weight.\u0000",
                "weight.\u202ereversed",
                "weight.\u009b2J",
                "weight.\ud83d\ude00",
                "in.",
                "weight.",
                "in.../../etc/passwd",
                "weight." + "n".repeat(100_000),
                "weight.module." + "module.".repeat(30_000) + "x")) {
            edited("name " + odd.substring(0, Math.min(40, odd.length())), d -> d.put(odd, List.of(1L), 0));
        }
        edited(
                "one tensor twice, wrapped",
                d -> d.put("weight.module.pos_embed", d.part("weight.pos_embed").shape(), 0));
        edited("one result twice, wrapped", d -> d.put("loss._orig_mod.total", List.of(1L), 0));
        edited(
                "one odd name twice, wrapped",
                d -> d.put("grad.\u001b", List.of(1L), 0).put("grad.module.\u001b", List.of(1L), 0));
        edited("names without family", d -> d.rename("in.x0", "x0"));
    }
}
