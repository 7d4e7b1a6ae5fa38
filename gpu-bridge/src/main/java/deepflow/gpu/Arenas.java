package deepflow.gpu;

import deepflow.tensor.Arena;
import deepflow.tensor.Tensor;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.Set;
import java.util.WeakHashMap;

/// The open arenas of one back end, innermost first; the outermost is open as long as the back end. They know
/// their members by weak references: what nobody can reach any more gives its memory back by itself
/// ([Tensors]).
final class Arenas implements AutoCloseable {
    private final Deque<Region> open = new ArrayDeque<>();

    Arenas() {
        open.push(new Region());
    }

    /// Makes the storage a member of the innermost arena.
    void register(DeviceStorage storage) {
        innermost().members.add(storage);
    }

    /// Frees a storage now, whichever arena it is a member of.
    void release(DeviceStorage storage) {
        for (Region region : open) {
            if (region.members.remove(storage)) {
                storage.free();
                return;
            }
        }
    }

    Arena open() {
        innermost();
        Region region = new Region();
        open.push(region);
        return region;
    }

    private Region innermost() {
        Region region = open.peek();
        if (region == null) {
            throw new IllegalStateException("this back end has been closed");
        }
        return region;
    }

    /// Frees what is left, in every arena.
    @Override
    public void close() {
        open.forEach(Region::free);
        open.clear();
    }

    private final class Region implements Arena {
        private final Set<DeviceStorage> members = Collections.newSetFromMap(new WeakHashMap<>());
        private boolean closed;

        @Override
        public Tensor keep(Tensor tensor) {
            if (!closed && tensor.storage() instanceof DeviceStorage storage && members.remove(storage)) {
                enclosing().members.add(storage);
            }
            return tensor;
        }

        private Region enclosing() {
            Region inner = null;
            for (Region region : open) {
                if (inner == this) {
                    return region;
                }
                inner = region;
            }
            throw new IllegalStateException("the outermost arena has none around it");
        }

        @Override
        public void close() {
            if (closed) {
                return;
            }
            if (open.peek() != this) {
                throw new IllegalStateException("an arena opened later is still open");
            }
            open.pop();
            free();
        }

        private void free() {
            closed = true;
            members.forEach(DeviceStorage::free);
            members.clear();
        }
    }
}
