package deepflow.parallel;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Who takes part in a run, and where they meet: what launchers of distributed PyTorch programs put into the
/// environment.
///
/// @param rank which one this process is, from 0
/// @param size how many there are
/// @param address of rank 0
/// @param port on which rank 0 waits for the others
public record World(int rank, int size, String address, int port) {
    /// One process.
    public static final World ALONE = new World(0, 1, "localhost", 0);

    private static final String USUAL_PORT = "29500";
    private static final int LARGEST_SIZE = 1 << 16;
    private static final int LARGEST_PORT = 65535;

    /// Reads the environment: `WORLD_SIZE`, and where it is more than 1 also `RANK`, `MASTER_ADDR` and
    /// `MASTER_PORT` (29500 where it is not set). torchrun itself may listen at that port
    /// (`TORCHELASTIC_USE_AGENT_STORE`): then it is the next.
    ///
    /// @throws RanksFailure if it is incomplete or contradicts itself
    public static World of(Map<String, String> environment) {
        int size = number(environment, "WORLD_SIZE", "1", 1, LARGEST_SIZE);
        if (size == 1) {
            return ALONE;
        }
        int rank = number(environment, "RANK", null, 0, LARGEST_SIZE);
        if (rank >= size) {
            throw new RanksFailure("RANK is " + rank + ", but there are only " + size
                    + " ranks (WORLD_SIZE): it is from 0" + " to " + (size - 1) + ".");
        }
        String address = environment.get("MASTER_ADDR");
        if (address == null || address.isBlank()) {
            throw missing("MASTER_ADDR");
        }
        int port = number(environment, "MASTER_PORT", USUAL_PORT, 1, LARGEST_PORT - 1);
        boolean taken = "True".equals(environment.get("TORCHELASTIC_USE_AGENT_STORE"));
        return new World(rank, size, address.strip(), taken ? port + 1 : port);
    }

    private static int number(Map<String, String> environment, String name, @Nullable String usual, int low, int high) {
        String text = environment.getOrDefault(name, usual);
        if (text == null) {
            throw missing(name);
        }
        int value = text.matches("\\d{1,9}") ? Integer.parseInt(text) : -1;
        if (value < low || value > high) {
            throw new RanksFailure("The environment's " + name + " is '" + text + "'; it must be a whole number from "
                    + low + " to " + high + ".");
        }
        return value;
    }

    private static RanksFailure missing(String name) {
        return new RanksFailure("WORLD_SIZE says that there are several processes, but " + name
                + " is not set: start them with torchrun, or set RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT.");
    }

    /// Whether there is no other.
    public boolean alone() {
        return size == 1;
    }
}
