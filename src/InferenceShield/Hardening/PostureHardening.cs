namespace InferenceShield;

/// <summary>The hardening of one output in each posture, with what the options leave to the posture filled in.</summary>
internal static class PostureHardening
{
    /// <summary>Normal, Guarded, Restricted. Blocked callers, where they are answered, are treated as restricted ones.</summary>
    public const int Count = 3;

    /// <summary>By which a quantisation step grows from posture to posture: one significant digit.</summary>
    private const double StepRatio = 10;

    /// <summary>Of the near-tie mark, for a normal caller and for one in a later posture.</summary>
    private const double NormalMargin = 0.1;
    private const double SuspectMargin = 0.2;

    /// <summary>The options' names, in the order of the postures.</summary>
    public static readonly string[] Keys = [nameof(OutputOptions.Hardening), nameof(OutputOptions.Guarded), nameof(OutputOptions.Restricted)];

    /// <summary>Common edges of applications, dense near 1 where most answers are, and one for the many classes among which a
    /// confidence of a half is rare. Those at or below 1/classes fall away.</summary>
    private static readonly double[] s_edges = [0.25, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99];

    /// <summary>What an output says itself; null where it leaves it to the shield.</summary>
    public static HardeningOptions?[] OwnOf(OutputOptions output) => [output.Hardening, output.Guarded, output.Restricted];

    /// <summary>What a trial says; all null without one.</summary>
    public static HardeningOptions?[] OwnOf(TrialOptions? trial) => [trial?.Hardening, trial?.Guarded, trial?.Restricted];

    /// <summary>What an output says in a trial, which comes over it; all null where both leave it to the shield.</summary>
    public static HardeningOptions?[] OwnOf(OutputOptions output, TrialOptions? trial) =>
        [.. OwnOf(trial).Zip(OwnOf(output), (tried, own) => tried ?? own)];

    public static HardeningOptions[] SharedOf(ShieldOptions options) => [options.Hardening, options.Guarded, options.Restricted];

    /// <summary>Copies, in each of which Release, SignificantDigits, NoiseCell and, for bands, either BandFile or BandEdges are set.</summary>
    /// <param name="options">The shield's.</param>
    /// <param name="output">The output's.</param>
    /// <param name="trial">The trial's, for callers in one.</param>
    public static HardeningOptions[] Of(ShieldOptions options, OutputOptions output, TrialOptions? trial = null)
    {
        HardeningOptions?[] own = OwnOf(output, trial);
        HardeningOptions[] filled = SharedOf(options);
        for (int posture = 0; posture < Count; posture++)
        {
            filled[posture] = Fill(own[posture] ?? filled[posture], posture, posture == 0 ? null : filled[posture - 1], output.Kind);
        }

        return filled;
    }

    /// <summary>Whether answers show the order of the classes behind the leading one.</summary>
    public static bool KeepsRanks(HardeningOptions filled) => filled is { Release: Release.Rounding, CodebookFile: null, TopK: not 1 };

    private static HardeningOptions Fill(HardeningOptions given, int posture, HardeningOptions? before, OutputKind kind)
    {
        HardeningOptions filled = given.Clone();
        Release usual = (Release)Math.Max(posture, (int)(before?.Release ?? Release.Rounding));
        int digits = Math.Min(Count - posture, before?.SignificantDigits ?? Count);
        filled.Release = IsOneClass(given) ? Release.LabelOnly : given.Release ?? usual;
        filled.SignificantDigits = given.SignificantDigits ?? digits;
        filled.QuantisationStep = given.QuantisationStep
            ?? (before?.QuantisationStep is { } step ? Math.Min(step * StepRatio, RegressionHardening.GreatestStep) : null);
        filled.CosineBudget = given.CosineBudget ?? SameNoise(before, filled.SignificantDigits.Value);
        filled.NoiseCell = given.NoiseCell ?? before?.NoiseCell ?? NoiseCell.Output;
        filled.ConfidenceCutoff = given.ConfidenceCutoff ?? before?.ConfidenceCutoff;
        filled.ConfidenceCap = given.ConfidenceCap ?? before?.ConfidenceCap;
        filled.Watermark = (given.Watermark ?? before?.Watermark)?.Clone();
        if (filled.Watermark?.NearTie is { } nearTie)
        {
            nearTie.Margin = given.Watermark?.NearTie?.Margin ?? (posture == 0 ? NormalMargin : Math.Max(SuspectMargin, before?.Watermark?.NearTie?.Margin ?? 0));
        }

        if (given.Watermark is null && filled.Watermark is not null && !KeepsRanks(filled))
        {
            filled.Watermark.Permutation = null; // inherited, and lost here
        }

        if (kind == OutputKind.TokenLogits && given.TopK is null && before?.TopK is { } most)
        {
            filled.TopK = Math.Min(most, OutputPlan.UsualTokens);
        }

        if (filled.Release == Release.Bands && given.BandFile is null && given.BandEdges is null)
        {
            filled.BandFile = before?.BandFile;
            filled.BandEdges = filled.BandFile is null ? before?.BandEdges ?? [.. s_edges.Where(edge => edge <= (before?.ConfidenceCap ?? 1))] : null;
        }

        return filled;
    }

    /// <summary>The budget that leaves as much room for noise beside rounding to so many digits as the posture before has.</summary>
    private static double SameNoise(HardeningOptions? before, int digits) => before is { CosineBudget: > 0 and double budget, SignificantDigits: { } others }
        ? EmbeddingPlan.BudgetOfSameNoise(budget, others, digits)
        : 0;

    /// <summary>The leading class alone, rounded, is the label only.</summary>
    private static bool IsOneClass(HardeningOptions given) => given is { TopK: 1, Release: null or Release.Rounding };
}
