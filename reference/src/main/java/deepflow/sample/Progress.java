package deepflow.sample;

/// Hears how far a sampler has come.
@FunctionalInterface
public interface Progress {
    /// One that does not care.
    Progress NONE = _ -> {};

    /// @param fraction of the work that is done, from 0 to 1, never decreasing
    void at(double fraction);
}
