package deepflow.cpu;

import deepflow.tensor.Arena;
import deepflow.tensor.Storage;
import deepflow.tensor.Tensor;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.Set;
import java.util.WeakHashMap;

/// The open arenas of one back end, innermost first. They know their members by weak references: what nobody can
/// reach any more is left to the garbage collector, and what is still referenced when the arena closes refuses to
/// be read from then on.
final class Arenas implements AutoCloseable {
    /// A storage whose memory can be given up before the handle is.
    interface Freeable extends Storage {
        void free();
    }

    private final Deque<Region> open = new ArrayDeque<>();
    private final Runnable outermostClosed;

    /// @param outermostClosed run when no arena is open any more: between two steps
    Arenas(Runnable outermostClosed) {
        this.outermostClosed = outermostClosed;
        open.push(new Region());
    }

    /// Makes the storage a member of the innermost arena.
    <S extends Freeable> S register(S storage) {
        innermost().members.add(storage);
        return storage;
    }

    /// Frees a storage now, whichever arena it is a member of.
    void release(Freeable storage) {
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
        private final Set<Freeable> members = Collections.newSetFromMap(new WeakHashMap<>());
        private boolean closed;

        @Override
        public Tensor keep(Tensor tensor) {
            if (!closed && tensor.storage() instanceof Freeable storage && members.remove(storage)) {
                Region enclosing = null;
                Region inner = null;
                for (Region region : open) {
                    if (inner == this) {
                        enclosing = region;
                        break;
                    }
                    inner = region;
                }
                if (enclosing != null) {
                    enclosing.members.add(storage);
                }
            }
            return tensor;
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
            if (open.size() == 1) {
                outermostClosed.run();
            }
        }

        private void free() {
            closed = true;
            members.forEach(Freeable::free);
            members.clear();
        }
    }
}
