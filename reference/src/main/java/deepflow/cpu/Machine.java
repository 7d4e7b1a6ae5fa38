package deepflow.cpu;

import com.sun.management.HotSpotDiagnosticMXBean;
import java.lang.management.ManagementFactory;
import java.util.Locale;
import jdk.incubator.vector.VectorShape;

/// What this JVM can do, asked once. It decides which of two ways with equal bits is taken, never a result.
final class Machine {
    /// Whether `Math.fma` is an instruction; otherwise it would be a detour through BigDecimal.
    static final boolean FMA = hasFma();

    /// Width of the vectors in use: 128, 256 or 512, from property `deepflow.vector.bits` or the JVM's preference.
    /// The property's value 0 asks for scalar loops.
    static final int VECTOR_BITS;

    /// Whether kernels run their vector bodies. Not in the interpreter or in C1, where every vector is an object and
    /// costs a microsecond, nor without FMA, which every product needs.
    static final boolean VECTORS;

    static {
        int preferred = Math.min(512, VectorShape.preferredShape().vectorBitSize());
        int asked = Integer.getInteger("deepflow.vector.bits", preferred);
        if (asked != 0 && asked != preferred && asked != 128 && asked != 256 && asked != 512) {
            throw new IllegalStateException(
                    "property deepflow.vector.bits expects 0 (scalar), 128, 256 or 512, got " + asked);
        }
        VECTOR_BITS = Math.max(128, asked);
        VECTORS = asked >= 128 && FMA && hasOptimizingCompiler();
    }

    private Machine() {}

    private static boolean hasFma() {
        try {
            HotSpotDiagnosticMXBean vm = ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
            return vm == null || Boolean.parseBoolean(vm.getVMOption("UseFMA").getValue());
        } catch (IllegalArgumentException notHotSpot) {
            return true;
        }
    }

    private static boolean hasOptimizingCompiler() {
        String info = System.getProperty("java.vm.info", "").toLowerCase(Locale.ROOT);
        return !info.contains("interpreted") && !info.contains("emulated-client");
    }
}
