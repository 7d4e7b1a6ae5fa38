package deepflow.tensor;

import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.Set;
import java.util.WeakHashMap;

/// The open arenas of one back end, innermost first; the outermost is open as long as the back end. For those who
/// write a back end whose memory can be given back early.
///
/// They know their members by weak references: what nobody can reach any more is left to the garbage collector and
/// to who listens to it, and what is still referenced when its arena closes is [freed][Freeable#free].
public final class Arenas implements AutoCloseable {
    /// A storage whose memory can be given up before the handle is.
    public interface Freeable extends Storage {
        /// Gives the memory up; a second call does nothing. Who reads the storage after that is refused.
        void free();
    }

    private final Deque<Region> open = new ArrayDeque<>();
    private final Runnable outermostClosed;

    /// @param outermostClosed run when no arena but the back end's own is open any more: between two steps
    public Arenas(Runnable outermostClosed) {
        this.outermostClosed = outermostClosed;
        open.push(new Region());
    }

    /// Makes the storage a member of the innermost arena.
    ///
    /// @return the storage
    /// @throws IllegalStateException after [#close]
    public <S extends Freeable> S register(S storage) {
        innermost().members.add(storage);
        return storage;
    }

    /// Frees a tensor now, whichever arena it is a member of. One of another back end is left alone.
    public void release(Tensor tensor) {
        if (tensor.storage() instanceof Freeable storage) {
            for (Region region : open) {
                if (region.members.remove(storage)) {
                    storage.free();
                    return;
                }
            }
        }
    }

    /// Opens an arena inside the innermost.
    ///
    /// @throws IllegalStateException after [#close]
    public Arena open() {
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
