using System.Globalization;
using FsCheck;
using FsCheck.Fluent;

namespace InferenceShield.Tests;

/// <summary>One step of <see cref="HardeningSteps"/> with its arguments, named by them.</summary>
/// <param name="Name">Shown where a property fails.</param>
/// <param name="Run">The step.</param>
/// <param name="Units">Grid steps between 0 and 1 for those that round; 0 for the others.</param>
/// <param name="IsIdempotent">Whether doing it again changes nothing.</param>
internal sealed record HardeningStep(string Name, HardeningStep.Body Run, int Units = 0, bool IsIdempotent = false)
{
    private static readonly byte[] s_key = TestShield.Secret(5)[..16];

    public static readonly NoiseKey NoiseKey = new(TestShield.Secret(5).AsSpan(0, InferenceShield.NoiseKey.Size));

    public delegate void Body(ReadOnlySpan<float> probabilities, Span<float> released);

    /// <summary>Each step with any arguments that every width of row allows.</summary>
    public static Gen<HardeningStep> Any { get; } = Gen.OneOf(
        Gen.Choose(1, 5).Select(Round),
        Gen.Choose(1, 5).Select(RoundToSignificantDigits),
        Gen.Constant(LabelOnly),
        Gen.Choose(1, 12).Zip(Gen.Elements(TopKRemainder.Zero, TopKRemainder.Shared)).Select(pair => TopK(pair.Item1, pair.Item2)),
        Gen.Elements(0, 1e-9, 0.01, 0.25, 0.5, 1).Select(HighConfidence),
        Gen.Elements(0.5, 0.6, 0.9, 0.999, 1).Select(ConfidenceCap),
        Gen.Elements(0.05, 0.5, 0.9, 1, 2, 100).Select(Temperature),
        Gen.Elements(0, 0.008, 0.5, 1).Zip(Gen.Elements(0, 0.1, 0.2, 1, 10)).Select(pair => ReverseSigmoid(pair.Item1, pair.Item2)),
        Gen.Elements(0, 0.25, 0.5, 0.9, 1).Zip(Gen.Elements(0, 3, 1000, 1_000_000)).Select(pair => KeyedMisinformation(pair.Item1, pair.Item2)),
        Gen.Elements(0, 0.25, 0.5, 0.9, 1).Zip(Gen.Elements(0, 3, 1000, 1_000_000)).Select(pair => OwnMisinformation(pair.Item1, pair.Item2)),
        DistributionCase.Budgets.Select(LeastInformation),
        DistributionCase.Budgets.Select(budget => KeyedNoise(Math.Min(budget, 1.9))));

    /// <summary>Each step once.</summary>
    public static IReadOnlyList<HardeningStep> All { get; } =
    [
        Round(2),
        Round(5),
        RoundToSignificantDigits(1),
        RoundToSignificantDigits(3),
        LabelOnly,
        TopK(3, TopKRemainder.Zero),
        TopK(3, TopKRemainder.Shared),
        HighConfidence(0.25),
        ConfidenceCap(0.6),
        Temperature(2),
        ReverseSigmoid(1, 0.2),
        KeyedMisinformation(0.5, 3),
        OwnMisinformation(0.5, 3),
        LeastInformation(0.2),
        LeastInformation(1.5),
        KeyedNoise(0.3),
    ];

    public static HardeningStep LabelOnly => new("label only", HardeningSteps.LabelOnly, Units: 1, IsIdempotent: true);

    public static HardeningStep Round(int decimals) => new(
        $"round to {decimals}",
        (probabilities, released) => HardeningSteps.Round(probabilities, released, decimals),
        (int)Math.Pow(10, decimals),
        IsIdempotent: true);

    public static HardeningStep RoundToSignificantDigits(int digits) => new(
        $"round to {digits} significant",
        (probabilities, released) => HardeningSteps.RoundToSignificantDigits(probabilities, released, digits),
        100_000,
        IsIdempotent: true);

    /// <summary>Of narrower rows, all.</summary>
    public static HardeningStep TopK(int k, TopKRemainder remainder) => new(
        $"top {k}, {remainder}",
        (probabilities, released) => HardeningSteps.TopK(probabilities, released, Math.Min(k, probabilities.Length), remainder));

    public static HardeningStep HighConfidence(double cutoff) => new(
        Describe($"high confidence {cutoff}"), (probabilities, released) => HardeningSteps.HighConfidence(probabilities, released, cutoff));

    public static HardeningStep ConfidenceCap(double cap) => new(
        Describe($"cap {cap}"), (probabilities, released) => HardeningSteps.ConfidenceCap(probabilities, released, cap));

    public static HardeningStep Temperature(double temperature) => new(
        Describe($"temperature {temperature}"), (probabilities, released) => HardeningSteps.Temperature(probabilities, released, temperature));

    public static HardeningStep ReverseSigmoid(double beta, double gamma) => new(
        Describe($"reverse sigmoid {beta}, {gamma}"),
        (probabilities, released) => HardeningSteps.ReverseSigmoid(probabilities, released, beta, gamma));

    public static HardeningStep KeyedMisinformation(double tau, double nu) => new(
        Describe($"misinformation {tau}, {nu}"),
        (probabilities, released) => HardeningSteps.AdaptiveMisinformation(probabilities, released, s_key, tau, nu));

    /// <summary>The decoy is the row backwards: with the label at the other end, and for palindromes the row itself.</summary>
    public static HardeningStep OwnMisinformation(double tau, double nu) => new(
        Describe($"misinformation {tau}, {nu}, decoy of one's own"),
        (probabilities, released) =>
        {
            float[] decoy = probabilities.ToArray();
            Array.Reverse(decoy);
            HardeningSteps.AdaptiveMisinformation(probabilities, released, decoy, tau, nu);
        });

    public static HardeningStep LeastInformation(double budget) => new(
        Describe($"least information {budget}"), (probabilities, released) => HardeningSteps.LeastInformation(probabilities, released, budget));

    public static HardeningStep KeyedNoise(double budget) => new(
        Describe($"keyed noise {budget}"), (probabilities, released) => HardeningSteps.KeyedNoise(probabilities, released, budget, NoiseKey));

    public float[] Release(float[] row)
    {
        float[] released = new float[row.Length];
        Run(row, released);
        return released;
    }

    public override string ToString() => Name;

    private static string Describe(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
