package deepflow.cli;

import deepflow.oracle.EditedDump;
import java.util.List;
import java.util.function.Consumer;

/// Collects dumps that cannot be used, each made from a good one by one change.
record HostileCases(EditedDump good, List<HostileCase> all) {
    void add(HostileCase hostile) {
        all.add(hostile);
    }

    void edited(String what, Consumer<EditedDump> change) {
        EditedDump dump = good.copy();
        change.accept(dump);
        add(new HostileCase(what, dump.bytes()));
    }

    void header(String what, String header) {
        add(new HostileCase("header " + what, good.bytes(header)));
    }

    void meta(String key, String... values) {
        for (String value : values) {
            String shown =
                    value == null ? "absent" : value.length() > 60 ? "…" + value.substring(value.length() - 60) : value;
            edited(key + " " + shown, d -> d.meta(key, value));
        }
    }
}
