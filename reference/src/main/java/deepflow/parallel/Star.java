package deepflow.parallel;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// TCP connections between rank 0 and every other rank, kept for the whole run. A process that dies closes its
/// own, so that the others learn of it.
///
/// A message is a kind (one byte), a length (four bytes, big-endian) and so many bytes.
public final class Star implements AutoCloseable {
    private static final String GREETING = "deepflow ranks 1";
    private static final byte HELLO = 'h';
    private static final byte DATA = 'd';
    private static final byte FAILED = 'f';
    private static final byte BYE = 'b';
    private static final int LONGEST_TEXT = 1 << 20;
    private static final Duration GREETING_TIME = Duration.ofSeconds(10);
    private static final Duration RETRY = Duration.ofMillis(100);

    private final World world;
    private volatile boolean closed;
    private final @Nullable Link[] links;

    private Star(World world, @Nullable Link[] links) {
        this.world = world;
        this.links = links;
    }

    /// One connection, and the rank at its other end.
    private record Link(int rank, Socket socket, DataInputStream in, DataOutputStream out) {
        static Link of(int rank, Socket socket) throws IOException {
            socket.setTcpNoDelay(true);
            socket.setKeepAlive(true);
            return new Link(
                    rank,
                    socket,
                    new DataInputStream(new BufferedInputStream(socket.getInputStream(), 1 << 16)),
                    new DataOutputStream(new BufferedOutputStream(socket.getOutputStream(), 1 << 16)));
        }

        void send(byte kind, byte[] bytes) throws IOException {
            synchronized (out) { // a failure may be told while data are sent
                out.writeByte(kind);
                out.writeInt(bytes.length);
                out.write(bytes);
                out.flush();
            }
        }

        /// The bytes of the next message of a kind.
        byte[] receive(byte kind, int longest) throws IOException {
            byte found = in.readByte();
            int length = in.readInt();
            if (length < 0 || length > (found == FAILED ? LONGEST_TEXT : longest)) {
                throw new IOException("a message of " + length + " bytes");
            }
            byte[] bytes = in.readNBytes(length);
            if (bytes.length < length) {
                throw new EOFException();
            }
            if (found == FAILED) {
                throw new RanksFailure(new String(bytes, UTF_8));
            }
            if (found != kind) {
                throw new IOException("a message of kind " + found);
            }
            return bytes;
        }

        void close() {
            try {
                socket.close();
            } catch (IOException _) {
                // it is gone in any case
            }
        }
    }

    /// Waits until all ranks are there.
    ///
    /// @param run what is computed: the same text on all ranks
    /// @param patience how long to wait
    /// @throws RanksFailure if not all came, or not all for the same
    public static Star meet(World world, String run, Duration patience) {
        long deadline = System.nanoTime() + patience.toNanos();
        return world.rank() == 0 ? receive(world, run, patience, deadline) : visit(world, run, patience, deadline);
    }

    // ---- rank 0 ---------------------------------------------------------------------------------------------

    private static Star receive(World world, String run, Duration patience, long deadline) {
        Link[] links = new Link[world.size()];
        Star star = new Star(world, links);
        try (ServerSocket server = new ServerSocket()) {
            server.setReuseAddress(true);
            server.bind(new InetSocketAddress(world.port()), world.size());
            for (int here = 1; here < world.size(); here++) {
                Link guest = star.guest(server, run, patience, deadline);
                links[guest.rank()] = guest;
            }
            for (int r = 1; r < links.length; r++) {
                links[r].send(HELLO, new byte[0]);
                links[r].socket().setSoTimeout(0);
            }
            return star;
        } catch (BindException e) {
            throw new RanksFailure(
                    "Rank 0 cannot wait at port " + world.port() + " for the others (" + e.getMessage()
                            + "): choose another MASTER_PORT.",
                    e);
        } catch (IOException e) {
            throw star.failed("Rank 0 lost another rank while they met (" + e.getMessage() + ").", e);
        } catch (RanksFailure e) {
            throw star.failed(e.getMessage(), e);
        }
    }

    private Link guest(ServerSocket server, String run, Duration patience, long deadline) throws IOException {
        while (true) {
            long left = (deadline - System.nanoTime()) / 1_000_000;
            if (left <= 0) {
                throw tooLate(patience);
            }
            Link link;
            try {
                server.setSoTimeout((int) Math.min(left, Integer.MAX_VALUE));
                Socket socket = server.accept();
                socket.setSoTimeout((int) GREETING_TIME.toMillis());
                link = Link.of(-1, socket);
            } catch (SocketTimeoutException e) {
                throw tooLate(patience);
            }
            int size;
            int rank;
            String theirs;
            try {
                DataInputStream hello =
                        new DataInputStream(new ByteArrayInputStream(link.receive(HELLO, LONGEST_TEXT)));
                if (!hello.readUTF().equals(GREETING)) {
                    throw new IOException("no greeting");
                }
                size = hello.readInt();
                rank = hello.readInt();
                theirs = new String(hello.readAllBytes(), UTF_8);
            } catch (IOException stranger) { // something else that tries ports
                link.close();
                continue;
            }
            String wrong = wrong(size, rank, theirs.equals(run));
            if (wrong != null) {
                try {
                    link.send(FAILED, wrong.getBytes(UTF_8));
                } catch (IOException _) {
                    // it is said here
                }
                link.close();
                throw new RanksFailure(wrong);
            }
            return new Link(rank, link.socket(), link.in(), link.out());
        }
    }

    private @Nullable String wrong(int size, int rank, boolean sameRun) {
        if (size != world.size()) {
            return "Rank " + rank + " was started as one of " + size + " processes, rank 0 as one of " + world.size()
                    + ": WORLD_SIZE must be the same for all.";
        }
        if (rank <= 0 || rank >= size || links[rank] != null) {
            return "Two processes were started as rank " + rank + ": RANK must be different for each.";
        }
        return sameRun
                ? null
                : "Rank " + rank + " was started with other options than rank 0: all must be started alike.";
    }

    private RanksFailure tooLate(Duration patience) {
        String missing = IntStream.range(1, links.length)
                .filter(r -> links[r] == null)
                .mapToObj(Integer::toString)
                .collect(Collectors.joining(", "));
        return new RanksFailure("Only "
                + (world.size() - (int) missing.chars().filter(c -> c == ',').count() - 1) + " of "
                + world.size() + " ranks came within " + patience.toSeconds() + " s; missing: " + missing
                + ". Do they run, and do MASTER_ADDR and MASTER_PORT lead to rank 0?");
    }

    // ---- the others -----------------------------------------------------------------------------------------

    private static Star visit(World world, String run, Duration patience, long deadline) {
        Link[] links = new Link[world.size()];
        Star star = new Star(world, links);
        try {
            links[0] = star.connect(patience, deadline);
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            DataOutputStream hello = new DataOutputStream(bytes);
            hello.writeUTF(GREETING);
            hello.writeInt(world.size());
            hello.writeInt(world.rank());
            hello.write(run.getBytes(UTF_8));
            links[0].send(HELLO, bytes.toByteArray());
            links[0].socket().setSoTimeout((int) Math.max(1, (deadline - System.nanoTime()) / 1_000_000));
            links[0].receive(HELLO, 0);
            links[0].socket().setSoTimeout(0);
            return star;
        } catch (SocketTimeoutException e) {
            star.close();
            throw new RanksFailure(
                    "Rank " + world.rank() + " reached rank 0, but not all " + world.size() + " ranks came within "
                            + patience.toSeconds() + " s.",
                    e);
        } catch (IOException e) {
            star.close();
            throw gone(0, e);
        } catch (RanksFailure e) {
            star.close();
            throw e;
        }
    }

    private Link connect(Duration patience, long deadline) throws IOException {
        while (true) {
            InetSocketAddress host = new InetSocketAddress(world.address(), world.port());
            Socket socket = new Socket();
            try {
                long left = Math.max(1, (deadline - System.nanoTime()) / 1_000_000);
                socket.connect(host, (int) Math.min(left, Integer.MAX_VALUE));
                return Link.of(0, socket);
            } catch (IOException e) {
                socket.close();
                if (System.nanoTime() >= deadline) {
                    throw new RanksFailure(
                            "Rank " + world.rank() + " did not reach rank 0 at " + world.address() + ":"
                                    + world.port() + " within " + patience.toSeconds() + " s ("
                                    + (host.isUnresolved() ? "the name is unknown" : e.getMessage())
                                    + "): does it run, and are MASTER_ADDR and MASTER_PORT right?",
                            e);
                }
                LockSupport.parkNanos(RETRY.toNanos()); // rank 0 may start later
            }
        }
    }

    // ---- together -------------------------------------------------------------------------------------------

    /// Who takes part.
    public World world() {
        return world;
    }

    /// What every rank calls this with, in the order of ranks.
    ///
    /// @param mine of the same length on all ranks
    /// @throws RanksFailure if another rank stopped or is gone
    public List<byte[]> exchange(byte[] mine) {
        return world.rank() == 0 ? collect(mine) : handIn(mine);
    }

    private List<byte[]> collect(byte[] mine) {
        List<byte[]> all = new ArrayList<>(List.of(mine));
        for (int r = 1; r < links.length; r++) {
            try {
                all.add(links[r].receive(DATA, mine.length));
            } catch (IOException e) {
                RanksFailure failure = gone(r, e);
                throw failed(failure.getMessage(), failure);
            } catch (RanksFailure e) {
                throw failed(e.getMessage(), e);
            }
        }
        for (int r = 1; r < links.length; r++) {
            try {
                for (byte[] one : all) {
                    links[r].send(DATA, one);
                }
            } catch (IOException e) {
                RanksFailure failure = gone(r, e);
                throw failed(failure.getMessage(), failure);
            }
        }
        return all;
    }

    private List<byte[]> handIn(byte[] mine) {
        try {
            links[0].send(DATA, mine);
            List<byte[]> all = new ArrayList<>();
            for (int r = 0; r < world.size(); r++) {
                all.add(links[0].receive(DATA, mine.length));
            }
            return all;
        } catch (IOException e) {
            throw gone(0, e);
        }
    }

    private static RanksFailure gone(int rank, IOException e) {
        return new RanksFailure("Rank " + rank + " is gone, so the others stop, too: its own output says why.", e);
    }

    /// Tells all, and closes.
    private RanksFailure failed(String sentence, Exception cause) {
        tell(sentence);
        close();
        return new RanksFailure(sentence, cause);
    }

    /// Tells the others that this rank cannot go on: what they exchange next fails with this sentence.
    public void fail(String sentence) {
        tell("Rank " + world.rank() + " has stopped: " + sentence);
    }

    private void tell(String sentence) {
        for (Link link : links) {
            if (link != null) {
                try {
                    link.send(FAILED, sentence.getBytes(UTF_8));
                } catch (IOException _) {
                    // gone before it could be told
                }
            }
        }
    }

    /// Learns of failures while the ranks work together by other means; nothing is exchanged any more.
    ///
    /// @param failed is told the sentence, by another thread, if a rank stops or is gone before it closes its
    ///     star
    public void watch(Consumer<String> failed) {
        for (Link link : links) {
            if (link != null) {
                Thread.ofVirtual().start(() -> watch(link, failed));
            }
        }
    }

    private void watch(Link link, Consumer<String> failed) {
        String sentence;
        try {
            link.receive(BYE, 0);
            return;
        } catch (RanksFailure e) {
            sentence = e.getMessage();
        } catch (IOException e) {
            sentence = gone(link.rank(), e).getMessage();
        }
        if (closed) {
            return;
        }
        if (world.rank() == 0) {
            tell(sentence);
        }
        failed.accept(sentence);
    }

    @Override
    public void close() {
        closed = true;
        for (Link link : links) {
            if (link != null) {
                try {
                    link.send(BYE, new byte[0]);
                } catch (IOException _) {
                    // gone already
                }
                link.close();
            }
        }
    }
}
