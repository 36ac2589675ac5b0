using FsCheck;
using FsCheck.Fluent;

namespace InferenceShield.Tests;

/// <summary>A step and an awkward row of probabilities.</summary>
internal sealed record StepCase(HardeningStep Step, DistributionCase? Distribution, ScoreCase? Scores)
{
    public static Gen<StepCase> Any { get; } = Gen.Frequency((3, Of(1, 2, 3, 10, 257)), (1, Of(6625)), (3, OfScores()));

    public static Gen<StepCase> Of(params int[] classes) =>
        from step in HardeningStep.Any
        from distribution in DistributionCase.Of(classes)
        select new StepCase(step, distribution, null);

    public float[] Row() => Row(0);

    /// <summary>Another row of the kind.</summary>
    public float[] Row(int number) => Scores is { } scores
        ? (scores with { Seed = scores.Seed ^ number }).Scores()
        : [.. (Distribution! with { Seed = Distribution.Seed ^ number }).Probabilities().Select(value => (float)value)];

    private static Gen<StepCase> OfScores() =>
        from step in HardeningStep.Any
        from scores in ScoreCase.Of(OutputKind.Probabilities)
        select new StepCase(step, null, scores);
}
