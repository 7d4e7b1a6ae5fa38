package deepflow.parallel;

import deepflow.tensor.Backend;
import deepflow.tensor.Shape;
import deepflow.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Ranks that are threads of one process: what others are held against.
public final class LocalRanks {
    private final double[][] values;
    private int arrived;
    private long rounds;
    private @Nullable String failure;

    private LocalRanks(int count) {
        values = new double[count][];
    }

    /// Waits until all ranks are here.
    private synchronized void meet() {
        long round = rounds;
        if (++arrived == values.length) {
            arrived = 0;
            rounds++;
            notifyAll();
        }
        while (round == rounds) {
            if (failure != null) {
                throw new RanksFailure(failure);
            }
            try {
                wait();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new RanksFailure("interrupted", e);
            }
        }
    }

    private synchronized void stop(String sentence) {
        failure = sentence;
        notifyAll();
    }

    /// Does the work on so many ranks at the same time.
    ///
    /// @return what each of them returned, in the order of ranks
    public static <T> List<T> run(int count, Function<Ranks, T> work) throws InterruptedException, ExecutionException {
        LocalRanks shared = new LocalRanks(count);
        try (ExecutorService threads = Executors.newFixedThreadPool(count)) {
            List<Callable<T>> all = new ArrayList<>();
            for (int r = 0; r < count; r++) {
                Ranks rank = shared.new Rank(r);
                all.add(() -> {
                    try {
                        return work.apply(rank);
                    } catch (RuntimeException e) {
                        rank.fail(e.getMessage());
                        throw e;
                    }
                });
            }
            List<T> results = new ArrayList<>();
            for (Future<T> done : threads.invokeAll(all)) {
                results.add(done.get());
            }
            return results;
        }
    }

    private final class Rank implements Ranks {
        private final int rank;

        Rank(int rank) {
            this.rank = rank;
        }

        @Override
        public int rank() {
            return rank;
        }

        @Override
        public int count() {
            return values.length;
        }

        @Override
        public List<Tensor> gather(Backend b, Tensor x) {
            Shape shape = x.shape();
            values[rank] = b.download(x);
            meet();
            List<Tensor> all = new ArrayList<>();
            for (double[] of : values) {
                all.add(b.upload(of, shape));
            }
            meet();
            return all;
        }

        @Override
        public void fail(String sentence) {
            stop(sentence);
        }

        @Override
        public void close() {}
    }
}
