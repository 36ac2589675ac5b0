using System.Collections.Immutable;

namespace InferenceShield.Lab;

/// <summary>How a surrogate is built and trained.</summary>
public sealed record SurrogateOptions
{
    /// <summary>What it is made of. Default: <see cref="SurrogateKind.Mlp"/>.</summary>
    public SurrogateKind Kind { get; init; } = SurrogateKind.Mlp;

    /// <summary>Units of each hidden layer. Default: 128.</summary>
    public ImmutableArray<int> Hidden { get; init; } = [128];

    /// <summary>Steps of the optimiser; null for 27 times the square root of the number of answers, at least 100.</summary>
    public int? Steps { get; init; }

    /// <summary>The highest learning rate. Default: .002.</summary>
    public float LearningRate { get; init; } = 2e-3f;
}
