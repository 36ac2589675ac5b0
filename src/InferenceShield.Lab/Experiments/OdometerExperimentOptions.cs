using System.Collections.Immutable;

namespace InferenceShield.Lab;

/// <summary>How the odometer's curve is measured.</summary>
public sealed record OdometerExperimentOptions
{
    /// <summary>Queries after which copies are made, each at least 1; those beyond the pool are left out. Default: 50 to 4,000 in seven steps.</summary>
    public ImmutableArray<int> Counts { get; init; } = [50, 100, 250, 500, 1_000, 2_000, 4_000];

    /// <summary>Orders in which the pool is asked, 1 to 100. Default: 5.</summary>
    public int Repeats { get; init; } = 5;

    /// <summary>What the thief trains. Default: <see cref="SurrogateOptions"/> as they are.</summary>
    public SurrogateOptions Surrogate { get; init; } = new();

    /// <summary>Orders and copies follow from it. Default: 1.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Threads that training may use; the result does not depend on it. Default: 1.</summary>
    public int Threads { get; init; } = 1;
}
