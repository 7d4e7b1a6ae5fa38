package deepflow.random;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.DoubleUnaryOperator;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class KeyedRandomTest {
    /// Words and doubles were computed from the Javadoc by a Python program; Gaussians too, and agree with these to
    /// 2e-15 (its libm is not StrictMath).
    record Vector(long seed, String purpose, long index, long[] words, double[] doubles, double[] gaussians) {}

    static List<Vector> vectors() {
        return List.of(
                new Vector(
                        0,
                        "",
                        0,
                        new long[] {0x3d888fa0f58ac329L, 0x47833fd90d71ee40L, 0xfa99c013dc8427feL, 0xc9c67ddd2402042eL},
                        new double[] {
                            0x1.ec447d07ac560p-3, 0x1.1e0cff6435c7ap-2, 0x1.f5338027b9084p-1, 0x1.938cfbba48040p-1
                        },
                        new double[] {
                            -0x1.3d04d30a2a416p-2, 0x1.a8f0c9bca908fp+0, 0x1.91f1e804e9997p-5, -0x1.9ac24edf8a259p-3
                        }),
                new Vector(
                        1,
                        "noise",
                        0,
                        new long[] {0x5040f0f515ff7bcbL, 0xa4ae2b5706cba7b8L, 0xaafe195754cd9361L, 0x268ad29216ccd004L},
                        new double[] {
                            0x1.4103c3d457fdep-2, 0x1.495c56ae0d974p-1, 0x1.55fc32aea99b2p-1, 0x1.34569490b6668p-3
                        },
                        new double[] {
                            -0x1.e498cde3a59c4p-1, -0x1.318126ef822cdp+0, 0x1.0d1146f734549p-1, 0x1.7512827e60ef1p-1
                        }),
                new Vector(
                        1,
                        "noise",
                        1,
                        new long[] {0xdcbcd99a9a03b89eL, 0xbf1edfdc7cf5adc2L, 0x64ba46c6c6a70395L, 0x436c407220ca6923L},
                        new double[] {
                            0x1.b979b33534077p-1, 0x1.7e3dbfb8f9eb5p-1, 0x1.92e91b1b1a9c0p-2, 0x1.0db101c88329ap-2
                        },
                        new double[] {
                            -0x1.810528b789a53p-7, -0x1.16aefd0e61c7cp-1, -0x1.d56fd0a39640cp-4, 0x1.5c6be5e0d3d06p+0
                        }),
                new Vector(
                        -1,
                        "init blocks.0.attn.qkv.weight",
                        -1,
                        new long[] {0xb2450c22d4f1460bL, 0x68eab8be8cb238e0L, 0x1625b1aa3d83d129L, 0xdf6d00b96885378aL},
                        new double[] {
                            0x1.648a1845a9e28p-1, 0x1.a3aae2fa32c8ep-2, 0x1.625b1aa3d83d0p-4, 0x1.beda0172d10a6p-1
                        },
                        new double[] {
                            -0x1.6f86434db63c0p-1, 0x1.d391726a1c899p-2, 0x1.8acfe814db2c6p+0, -0x1.9619ac2679669p+0
                        }),
                new Vector(
                        42,
                        "Rauschen ε",
                        1L << 40,
                        new long[] {0xa347df1bfd160105L, 0xf0aee16852307e24L, 0x790e33ed55535106L, 0xd7e7fde4923e6e6eL},
                        new double[] {
                            0x1.468fbe37fa2c0p-1, 0x1.e15dc2d0a460fp-1, 0x1.e438cfb5554d4p-2, 0x1.afcffbc9247cdp-1
                        },
                        new double[] {
                            0x1.c3a875a90d0dbp-1, -0x1.648ae568e167cp-2, 0x1.5aee945924a96p-1, -0x1.04e8828c17147p+0
                        }));
    }

    @ParameterizedTest
    @MethodSource("vectors")
    void theBitsAreThoseWrittenDown(Vector v) {
        KeyedRandom words = KeyedRandom.of(v.seed, v.purpose, v.index);
        KeyedRandom doubles = KeyedRandom.of(v.seed, v.purpose, v.index);
        KeyedRandom gaussians = KeyedRandom.of(v.seed, v.purpose, v.index);
        for (int i = 0; i < 4; i++) {
            assertEquals(v.words[i], words.nextLong());
            assertEquals(v.doubles[i], doubles.uniform());
            assertEquals(v.gaussians[i], gaussians.gaussian(), "gaussian " + i);
        }
    }

    @Test
    void theGeneratorIsTheLibrarys() {
        long[] state = {0x0123456789abcdefL, 0xfedcba9876543211L, 0x1111222233334444L, 0x9999aaaabbbbccccL};
        ByteBuffer seed = ByteBuffer.allocate(32);
        Arrays.stream(state).forEach(seed::putLong);
        RandomGenerator theirs = RandomGeneratorFactory.of("L64X128MixRandom").create(seed.array());
        KeyedRandom ours = KeyedRandom.ofState(state[0], state[1], state[2], state[3]);
        for (int i = 0; i < 10_000; i++) {
            assertEquals(theirs.nextLong(), ours.nextLong(), "word " + i);
        }
    }

    @Test
    void everyPartOfTheKeyCounts() {
        Set<Long> first = new HashSet<>();
        for (long seed = -5; seed < 5; seed++) {
            for (String purpose : List.of("", "a", "b", "ab", "ba", "time", "times")) {
                for (long index = -20; index < 20; index++) {
                    first.add(KeyedRandom.of(seed, purpose, index).nextLong());
                }
            }
        }
        assertEquals(10 * 7 * 40, first.size());
    }

    @ParameterizedTest
    @ValueSource(strings = {"index", "purpose", "seed", "position"})
    void neighboursAreUncorrelated(String varied) {
        int n = 100_000;
        KeyedRandom one = KeyedRandom.of(3, "x", 3);
        double[] u = new double[n + 1];
        for (int i = 0; i <= n; i++) {
            u[i] = switch (varied) {
                case "index" -> KeyedRandom.of(3, "x", i).uniform();
                case "purpose" -> KeyedRandom.of(3, "x" + i, 0).uniform();
                case "seed" -> KeyedRandom.of(i, "x", 0).uniform();
                default -> one.uniform();
            };
        }
        double correlation = 0;
        for (int i = 0; i < n; i++) {
            correlation += (u[i] - 0.5) * (u[i + 1] - 0.5) * 12 / n;
        }
        assertEquals(0, correlation, 4 / Math.sqrt(n));
        assertTrue(distance(u, x -> x) < 1.95, "Kolmogorov-Smirnov, 0.1 % level");
    }

    @Test
    void gaussiansAreNormal() {
        int n = 200_000;
        double[] g = new double[n];
        KeyedRandom.of(7, "noise", 0).gaussians(g);
        double[] moment = new double[5];
        for (double x : g) {
            for (int k = 1; k <= 4; k++) {
                moment[k] += Math.pow(x, k) / n;
            }
        }
        double sigma = 1 / Math.sqrt(n);
        assertEquals(0, moment[1], 4 * sigma);
        assertEquals(1, moment[2], 4 * Math.sqrt(2) * sigma);
        assertEquals(0, moment[3], 4 * Math.sqrt(15) * sigma);
        assertEquals(3, moment[4], 4 * Math.sqrt(96) * sigma);
        double pairs = 0;
        for (int i = 0; i < n; i += 2) {
            pairs += g[i] * g[i] * g[i + 1] * g[i + 1] / (n / 2);
        }
        assertEquals(1, pairs, 0.04, "the two numbers of a pair are independent");
        assertTrue(distance(g, KeyedRandomTest::normal) < 1.95, "Kolmogorov-Smirnov, 0.1 % level");
    }

    @Test
    void manyGaussiansAreSingleGaussians() {
        KeyedRandom one = KeyedRandom.of(1, "g", 2);
        KeyedRandom many = KeyedRandom.of(1, "g", 2);
        one.gaussian();
        many.gaussian();
        double[] first = new double[7];
        double[] second = new double[4];
        many.gaussians(first);
        many.gaussians(second);
        for (double x : first) {
            assertEquals(one.gaussian(), x);
        }
        assertArrayEquals(new double[] {one.gaussian(), one.gaussian(), one.gaussian(), one.gaussian()}, second);
        assertEquals(one.nextLong(), many.nextLong());
    }

    @Test
    void uniformsStayInTheirIntervals() {
        KeyedRandom r = KeyedRandom.of(1, "u", 0);
        KeyedRandom same = KeyedRandom.of(1, "u", 0);
        for (int i = 0; i < 100_000; i++) {
            double open = r.uniformOpen();
            double closed = same.uniform();
            assertTrue(open > 0 && open < 1 && closed >= 0 && closed < 1);
            assertTrue(Math.abs(open - closed) <= 0x1p-53);
            assertEquals(1, Math.abs((long) (open * 0x1p53) % 2), "an odd multiple of 2^-53");
        }
    }

    @ParameterizedTest
    @CsvSource({"1", "2", "3", "7", "10", "1000"})
    void belowIsEven(int n) {
        int draws = 100_000;
        int[] counts = new int[n];
        KeyedRandom r = KeyedRandom.of(5, "below", n);
        for (int i = 0; i < draws; i++) {
            counts[r.below(n)]++;
        }
        double expected = draws / (double) n;
        double chi2 = Arrays.stream(counts)
                .mapToDouble(c -> (c - expected) * (c - expected) / expected)
                .sum();
        assertTrue(chi2 <= n - 1 + 4 * Math.sqrt(2.0 * n), "chi-squared " + chi2 + " for " + n);
    }

    /// With n = ¾·2⁶³ a plain remainder would fall below n/3 half the time.
    @Test
    void belowIsUnbiasedWhereTheRemainderWouldNotBe() {
        long n = 3L << 61;
        KeyedRandom r = KeyedRandom.of(5, "below", 0);
        int low = 0;
        int draws = 30_000;
        for (int i = 0; i < draws; i++) {
            long x = r.below(n);
            assertTrue(x >= 0 && x < n);
            low += x < n / 3 ? 1 : 0;
        }
        assertEquals(1.0 / 3, low / (double) draws, 0.02);
        assertThrows(IllegalArgumentException.class, () -> r.below(0));
        assertThrows(IllegalArgumentException.class, () -> r.below(-1L));
    }

    @Test
    void signsAreBalanced() {
        KeyedRandom r = KeyedRandom.of(5, "sign", 0);
        int sum = 0;
        for (int i = 0; i < 40_000; i++) {
            int sign = r.sign();
            assertEquals(1, sign * sign);
            sum += sign;
        }
        assertTrue(Math.abs(sum) < 4 * 200, "sum " + sum);
    }

    @ParameterizedTest
    @ValueSource(strings = {"-Xint", "-XX:TieredStopAtLevel=1"})
    void anotherJvmDrawsTheSameBits(String mode) throws Exception {
        String classes = String.join(File.pathSeparator, folderOf(KeyedRandom.class), folderOf(KeyedRandomTest.class));
        Process p = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        mode,
                        "-cp",
                        classes,
                        Digest.class.getName())
                .redirectErrorStream(true)
                .start();
        String said = new String(p.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        assertEquals(0, p.waitFor(), said);
        assertEquals(Long.toHexString(Digest.of()), said);
        assertNotEquals("", said);
    }

    private static String folderOf(Class<?> c) throws Exception {
        return Path.of(c.getProtectionDomain().getCodeSource().getLocation().toURI())
                .toString();
    }

    /// Prints a number that depends on every bit of many draws.
    static final class Digest {
        public static void main(String[] args) {
            System.out.println(Long.toHexString(of()));
        }

        static long of() {
            long h = 0;
            for (int index = 0; index < 20; index++) {
                KeyedRandom r = KeyedRandom.of(index, "digest", index);
                for (int i = 0; i < 2_000; i++) {
                    h = 31 * h + Double.doubleToLongBits(r.gaussian());
                    h = 31 * h + Double.doubleToLongBits(r.uniformOpen()) + r.below(1000) + r.sign();
                }
            }
            return h;
        }
    }

    /// √n times the largest distance between the empirical distribution and `cdf`.
    private static double distance(double[] sample, DoubleUnaryOperator cdf) {
        double[] x = sample.clone();
        Arrays.sort(x);
        double largest = 0;
        for (int i = 0; i < x.length; i++) {
            double f = cdf.applyAsDouble(x[i]);
            largest = Math.max(largest, Math.max(f - i / (double) x.length, (i + 1) / (double) x.length - f));
        }
        return largest * Math.sqrt(x.length);
    }

    /// Φ, by Simpson's rule from 0.
    private static double normal(double x) {
        int n = 64;
        double h = x / n;
        double sum = 0;
        for (int i = 0; i <= n; i++) {
            double weight = i == 0 || i == n ? 1 : i % 2 == 1 ? 4 : 2;
            sum += weight * Math.exp(-(i * h) * (i * h) / 2);
        }
        return 0.5 + sum * h / 3 / Math.sqrt(2 * Math.PI);
    }
}
