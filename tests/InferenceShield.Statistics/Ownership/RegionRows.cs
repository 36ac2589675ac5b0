using InferenceShield.Lab;

namespace InferenceShield.Statistics.Ownership;

/// <summary>What one seed's thefts share: rows that nobody was asked, control models and models that never saw a mark.</summary>
internal sealed class RegionRows
{
    /// <param name="target">The model.</param>
    /// <param name="seed">Of the thieves: they ask the first rows of the pool in its order.</param>
    /// <param name="controls">How many of each kind.</param>
    /// <param name="innocent">Copies of clean labels of the thieves' rows, which are suspects; half as many of true labels.</param>
    public RegionRows(OwnershipTarget target, ulong seed, int controls, int innocent)
    {
        int classes = target.Model.ClassCount;
        Dataset pool = target.Pool.Shuffle(seed);
        Dataset asked = pool.Slice(0, OwnershipExperiment.Few);
        Dataset others = pool.Slice(asked.Count, Math.Min(asked.Count, pool.Count - asked.Count));
        Dataset rest = pool.Slice(asked.Count + others.Count, pool.Count - asked.Count - others.Count);
        Unseen = new Dataset("unseen", (float[])[.. target.Measure.Values.Span, .. rest.Values.Span], target.Measure.Width);
        CleanUnseen = OneHot.Ask(target.Model, Unseen.Values.Span);
        CleanMeasure = CleanUnseen[..(target.Measure.Count * classes)];
        float[] Clean(Dataset rows) => OneHot.Of(OneHot.Labels(OneHot.Ask(target.Model, rows.Values.Span), classes), classes);
        Surrogate Train(Dataset rows, float[] labels, int number) => SurrogateTrainer.Train(
            rows.Values.Span, labels, rows.Width, classes, target.Surrogate with { Loss = SurrogateLoss.HardLabels }, (seed * 100) + 7_000 + (ulong)number, 1, default);
        float[] ofOthers = Clean(others);
        float[] ofAsked = Clean(asked);
        float[] truth = OneHot.Of(asked.Labels.Span, classes);
        Matched = [.. Enumerable.Range(0, controls).AsParallel().AsOrdered().Select(i => Train(asked, ofAsked, 20 + i))];
        Controls = [.. Enumerable.Range(0, controls).AsParallel().AsOrdered().Select(i => Train(others, ofOthers, i))];
        Innocent =
        [
            .. Enumerable.Range(0, innocent).AsParallel().AsOrdered().Select(i => ($"{RegionExperiment.Clean} {i + 1}", (IClassifier)Train(asked, ofAsked, 50 + i))),
            .. Enumerable.Range(0, innocent / 2).AsParallel().AsOrdered().Select(i => ($"{RegionExperiment.Independent} {i + 1}", (IClassifier)Train(asked, truth, 80 + i))),
        ];
    }

    /// <summary>Rows to measure on, and those of the pool that neither thieves nor controls use.</summary>
    public Dataset Unseen { get; }

    public float[] CleanUnseen { get; }

    /// <summary>Of the rows to measure on alone.</summary>
    public float[] CleanMeasure { get; }

    /// <summary>Copies of clean labels of rows that neither thieves nor tests use.</summary>
    public IReadOnlyList<IClassifier> Controls { get; }

    /// <summary>Copies of clean labels of the rows that thieves asked.</summary>
    public IReadOnlyList<IClassifier> Matched { get; }

    public IReadOnlyList<(string Name, IClassifier Suspect)> Innocent { get; }
}
