package deepflow.cli;

/// A file that cannot be used, and what is wrong with it.
record HostileCase(String what, byte[] file) {
    @Override
    public String toString() {
        return what;
    }
}
