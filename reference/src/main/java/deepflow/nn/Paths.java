package deepflow.nn;

/// Module paths: names joined by dots, the root empty.
final class Paths {
    private Paths() {}

    static String join(String path, String name) {
        return path.isEmpty() ? name : path + "." + name;
    }
}
