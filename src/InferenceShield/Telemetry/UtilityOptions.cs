namespace InferenceShield;

/// <summary>What the utility ledger watches: how far released answers are from the clean ones.</summary>
/// <remarks>Read once, when the shield is built.</remarks>
public sealed class UtilityOptions
{
    private static readonly double[] s_usual = [0.9];

    /// <summary>The most thresholds that can be watched.</summary>
    public const int MaximumThresholds = 4;

    /// <summary>The largest <see cref="SampleOneIn"/>.</summary>
    public const int MaximumSampleOneIn = 1_000_000;

    /// <summary>Thresholds with which applications compare the leading class's probability. An answer crosses one if the clean
    /// probability reaches it and the released one does not, or the other way round.</summary>
    /// <value>At most <see cref="MaximumThresholds"/>, ascending, above 0 and at most 1. The default, <see langword="null"/>, is .9.</value>
    public IReadOnlyList<double>? Thresholds { get; set; }

    /// <summary>Of how many rows one is measured: L1 distance, divergence and entropies, and where a label alone or at most 8 leading classes
    /// are released of logits, the clean confidence. Rows, leading classes and crossings of all other answers are counted of every
    /// row.</summary>
    /// <value>1 (every row) to 1,000,000; the default is 64. The choice depends on a row's number alone, never on its content.</value>
    public int SampleOneIn { get; set; } = 64;

    internal IReadOnlyList<double> Watched => Thresholds ?? s_usual;

    /// <summary>What is wrong with them; empty if nothing is.</summary>
    internal IEnumerable<string> FindFaults()
    {
        if (Watched.Count > MaximumThresholds)
        {
            yield return $"Thresholds: at most {MaximumThresholds} are watched.";
        }
        else if (Watched.Any(threshold => !(threshold > 0 && threshold <= 1)))
        {
            yield return "Thresholds: each is a probability above 0 and at most 1.";
        }
        else if (Watched.Zip(Watched.Skip(1)).Any(pair => pair.Second <= pair.First))
        {
            yield return "Thresholds: they ascend, and none is there twice.";
        }

        if (SampleOneIn is < 1 or > MaximumSampleOneIn)
        {
            yield return $"SampleOneIn: {SampleOneIn} is not 1 to {MaximumSampleOneIn}.";
        }
    }
}
