package deepflow.cli;

import deepflow.oracle.EditedDump;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Dumps that cannot be used: broken files, and tensors that do not fit their configuration.
final class HostileDumps {
    private final HostileCases cases;

    private HostileDumps(HostileCases cases) {
        this.cases = cases;
    }

    /// The whole catalogue, with that of [HostileMetadata].
    static List<HostileCase> from(EditedDump good) {
        HostileCases cases = new HostileCases(good, new ArrayList<>());
        HostileDumps dumps = new HostileDumps(cases);
        dumps.headers();
        new HostileMetadata(cases).collect();
        dumps.tensors();
        dumps.numbers();
        dumps.names();
        return cases.all();
    }

    private void headers() {
        byte[] all = cases.good().bytes();
        for (int length : new int[] {0, 1, 7, 8, 9, 100, all.length / 2, all.length - 1}) {
            cases.add(new HostileCase("cut to " + length + " bytes", Arrays.copyOf(all, length)));
        }
        cases.add(new HostileCase("longer than its header says", Arrays.copyOf(all, all.length + 1)));
        for (long length : new long[] {0, 1, 2, 100_000_000, 100_000_001, -1, Long.MAX_VALUE, Long.MIN_VALUE}) {
            byte[] file = all.clone();
            ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).putLong(0, length);
            cases.add(new HostileCase("header length " + length, file));
        }
        String h = cases.good().header();
        cases.header("empty object", "{}");
        cases.header("list", "[]");
        cases.header("null", "null");
        cases.header("cut", h.substring(0, h.length() - 1));
        cases.header("with text behind it", h + "x");
        cases.header("with NUL behind it", h + "\0\0\0");
        cases.header("with byte-order mark", "\uFEFF" + h);
        cases.header("with comment", "/* */" + h);
        cases.header("with trailing comma", h.substring(0, h.length() - 1) + ",}");
        cases.header("with single quotes", h.replace('"', '\''));
        cases.header("with raw newline in a name", h.replace("in.x0", "in.\nx0"));
        cases.header("with lone surrogate", h.replace("in.x0", "in.\\ud800x0"));
        cases.header("nested 100000 deep", "{\"a\":" + "[".repeat(100_000) + "]".repeat(100_000) + "}");
        cases.header("with metadata number", h.replace("\"precision\":\"f64\"", "\"precision\":64"));
        cases.header("with metadata list", h.replace("\"precision\":\"f64\"", "\"precision\":[\"f64\"]"));
        cases.header("with metadata twice", h.replaceFirst("\\{", "{\"__metadata__\":{},"));
        cases.header(
                "with a metadata key twice",
                h.replace("\"precision\":\"f64\"", "\"precision\":\"f64\",\"precision\":\"f64\""));
        cases.header("with a tensor twice", h.replace("\"in.x1\"", "\"in.x0\""));
        cases.header("with lower-case type", h.replaceFirst("\"F32\"", "\"f32\""));
        cases.header("with unknown type", h.replaceFirst("\"F32\"", "\"F33\""));
        cases.header("with unsupported type", h.replaceFirst("\"F32\"", "\"F8_E4M3\""));
        cases.header("without types", h.replace("\"dtype\"", "\"type\""));
        cases.header("with negative extent", h.replaceFirst("\"shape\":\\[", "\"shape\":[-1,"));
        cases.header("with fractional extent", h.replaceFirst("\"shape\":\\[", "\"shape\":[1.0,"));
        cases.header("with huge extent", h.replaceFirst("\"shape\":\\[", "\"shape\":[99999999999999999999,"));
        cases.header("with overflowing extents", h.replaceFirst("\"shape\":\\[", "\"shape\":[4294967296,4294967296,"));
        cases.header("with offsets as text", h.replaceFirst("\"data_offsets\":\\[0,", "\"data_offsets\":[\"0\","));
        cases.header("with negative offset", h.replaceFirst("\"data_offsets\":\\[0,", "\"data_offsets\":[-8,"));
        cases.header("with hole at the begin", h.replaceFirst("\"data_offsets\":\\[0,", "\"data_offsets\":[8,"));
        cases.header("with three offsets", h.replaceFirst("\"data_offsets\":\\[0,", "\"data_offsets\":[0,0,"));
        byte[] broken = all.clone();
        broken[20] = (byte) 0xFF;
        cases.add(new HostileCase("header not UTF-8", broken));
        for (String other : List.of(
                "PK\3\4",
                "\u0080\2}q",
                "\u0093NUMPY\1\0",
                "GGUF\3\0\0\0",
                "\u0089HDF\r\n\u001a\n",
                "%PDF-1.7",
                "\u007fELF")) {
            byte[] file = Arrays.copyOf(other.getBytes(StandardCharsets.ISO_8859_1), 1000);
            cases.add(new HostileCase("another format " + other.codePointAt(0), file));
        }
    }

    private void tensors() {
        for (String name : cases.good().names()) {
            boolean given = name.startsWith("in.") || name.startsWith("weight.");
            if (!given || name.startsWith("weight.blocks.1") || name.startsWith("weight.df_blocks.0.acc_mlp.2")) {
                continue;
            }
            cases.edited("no " + name, d -> d.remove(name::equals));
            EditedDump.Part part = cases.good().part(name);
            List<Long> longer = new ArrayList<>(part.shape());
            longer.addFirst(1L);
            cases.edited(name + " of another rank", d -> d.put(name, part.type(), longer, part.bytes()));
        }
        for (String name :
                List.of("in.x0", "in.x1", "in.t.0", "in.t.1", "weight.pos_embed", "weight.x_embedder.proj.bias")) {
            EditedDump.Part part = cases.good().part(name);
            int count = part.bytes().length / 4;
            cases.edited(name + " of I32", d -> d.put(name, "I32", part.shape(), part.bytes()));
            cases.edited(name + " of BOOL", d -> d.put(name, "BOOL", part.shape(), new byte[count]));
        }
        for (String name : List.of("in.x0", "in.x1", "in.y", "in.t.0", "in.t.1")) {
            EditedDump.Part part = cases.good().part(name);
            int rest = part.bytes().length / part.shape().getFirst().intValue();
            for (long n : new long[] {0, 1, 2, 4}) {
                List<Long> shape = new ArrayList<>(part.shape());
                shape.set(0, n);
                cases.edited(
                        name + " of " + n + " samples", d -> d.put(name, part.type(), shape, new byte[(int) n * rest]));
            }
        }
        cases.edited(
                "no samples at all",
                d -> List.of("in.x0", "in.x1", "in.y", "in.t.0", "in.t.1").forEach(name -> {
                    List<Long> shape = new ArrayList<>(d.part(name).shape());
                    shape.set(0, 0L);
                    d.put(name, d.part(name).type(), shape, new byte[0]);
                }));
        for (String type : List.of("F32", "U32")) {
            cases.edited("labels of " + type, d -> d.put("in.y", type, List.of(3L), new byte[12]));
        }
        cases.edited("labels of F64", d -> d.put("in.y", List.of(3L), 0, 1, 2));
        cases.edited("labels of U64", d -> d.put("in.y", "U64", List.of(3L), new byte[24]));
        cases.edited("more times than branches", d -> d.put("in.t.2", List.of(3L), 0, 0, 0));
        cases.edited("another input", d -> d.put("in.mask", List.of(1L), 0));
        cases.edited("features without alignment", d -> d.put("in.z", List.of(3L, 1L, 4L), new double[12]));
        cases.edited("another weight", d -> d.put("weight.extra", List.of(1L), 0));
        cases.edited("a thousand other weights", d -> {
            for (int i = 0; i < 1000; i++) {
                d.put("weight.extra." + i, List.of(), 0);
            }
        });
        cases.edited("no tensors", d -> d.remove(n -> true));
        cases.edited("no weights", d -> d.remove(n -> n.startsWith("weight.")));
        cases.edited("results only", d -> d.remove(n -> n.startsWith("in.") || n.startsWith("weight.")));
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
                cases.edited(name + " with " + bad, d -> d.set(name, 1, bad));
            }
        }
        for (double time : new double[] {-1e-12, -1, 1.0000000001, 2, 1e300}) {
            cases.edited("time " + time, d -> d.set("in.t.0", 0, time));
            cases.edited("later time " + time, d -> d.set("in.t.1", 2, time));
        }
        for (long label : new long[] {-1, 3, 1L << 32, Long.MIN_VALUE, Long.MAX_VALUE}) {
            ByteBuffer labels =
                    ByteBuffer.allocate(24).order(ByteOrder.LITTLE_ENDIAN).putLong(8, label);
            cases.edited("label " + label, d -> d.put("in.y", "I64", List.of(3L), labels.array()));
        }
        ByteBuffer narrow =
                ByteBuffer.allocate(12).order(ByteOrder.LITTLE_ENDIAN).putInt(8, -1);
        cases.edited("I32 label -1", d -> d.put("in.y", "I32", List.of(3L), narrow.array()));
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
            cases.edited("name " + odd.substring(0, Math.min(40, odd.length())), d -> d.put(odd, List.of(1L), 0));
        }
        cases.edited(
                "one tensor twice, wrapped",
                d -> d.put("weight.module.pos_embed", d.part("weight.pos_embed").shape(), 0));
        cases.edited("one result twice, wrapped", d -> d.put("loss._orig_mod.total", List.of(1L), 0));
        cases.edited(
                "one odd name twice, wrapped",
                d -> d.put("grad.\u001b", List.of(1L), 0).put("grad.module.\u001b", List.of(1L), 0));
        cases.edited("names without family", d -> d.rename("in.x0", "x0"));
    }
}
