namespace InferenceShield.Lab;

/// <summary>Honest callers, simulated of labelled rows: what a detector must leave alone.</summary>
/// <remarks>
/// <para>Callers differ from one another, as customers do. Lives are log-uniform between the shortest and the longest. Classes come in shares of
/// a Dirichlet distribution whose concentration is log-uniform in .3 to 10; a quarter of the callers ask in runs of one class (it stays
/// with probability .8 to .97). 60 % ask rows as they are; 30 % change all of theirs in one way for life (images: moved up to two pixels,
/// brightness .7 to 1.3, blur up to .9, noise up to .05, gamma .75 to 1.35, 16 grey levels; tables: offsets up to .3, gain .8 to 1.2,
/// noise up to .2, rounding to .1 to .5, all in deviations of the feature); 10 % mix two such ways with none. 30 % of callers repeat
/// themselves, in up to 30 % of their queries, to the last bit.</para>
/// <para>With <see cref="HonestTrafficOptions.IsShifted"/> every caller has one change of another kind: a lifted floor, gamma .6, blur 1.2 or a
/// mirror; tables: offsets of .6, gain 1.5.</para>
/// <para>Everything follows from the seed and the caller's number, whoever is drawn before. Thread-safe.</para>
/// </remarks>
public sealed class HonestTraffic
{
    private readonly ulong _seed;

    /// <summary>Callers who ask some rows.</summary>
    /// <param name="rows">Labelled rows, best of production or a test set that the model was not trained on. Callers that serve to calibrate and
    /// callers that serve to test need rows of their own.</param>
    /// <param name="seed">All callers follow from it.</param>
    /// <param name="options">What they are like; null for the defaults.</param>
    /// <exception cref="ArgumentException">The rows have no labels or are none, or an option is out of range.</exception>
    public HonestTraffic(Dataset rows, ulong seed, HonestTrafficOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(rows);
        if (!rows.HasLabels || rows.Count == 0)
        {
            throw new ArgumentException($"'{rows.Name}' has {(rows.HasLabels ? "no rows" : "no labels")}; honest callers ask labelled rows, each a mix of classes of its own.", nameof(rows));
        }

        Options = options ?? new HonestTrafficOptions();
        Options.Validate(rows);
        Rows = rows;
        _seed = seed;
        RowsOf = [.. Enumerable.Range(0, rows.ClassCount).Select(label => Enumerable.Range(0, rows.Count).Where(row => rows.Labels.Span[row] == label).ToArray())];
        (Means, Spreads) = Options.ImageSide is null ? Describe(rows) : ([], []);
    }

    internal Dataset Rows { get; }

    internal HonestTrafficOptions Options { get; }

    internal int[][] RowsOf { get; }

    internal float[] Means { get; }

    internal float[] Spreads { get; }

    /// <summary>One caller's inputs, in the order in which it asks them.</summary>
    /// <param name="caller">Its number, at least 0.</param>
    /// <returns>As many rows as its life has queries, without labels.</returns>
    public Dataset CreateCaller(int caller)
    {
        HonestCaller life = Start(caller);
        float[] inputs = new float[life.Length * Rows.Width];
        for (int query = 0; query < life.Length; query++)
        {
            life.Write(query, inputs.AsSpan(query * Rows.Width, Rows.Width));
        }

        return new Dataset($"caller {caller}", inputs, Rows.Width);
    }

    /// <summary>The same, without its inputs being written yet.</summary>
    internal HonestCaller Start(int caller)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(caller);
        return new HonestCaller(this, _seed, (ulong)caller);
    }

    private static (float[] Means, float[] Spreads) Describe(Dataset rows)
    {
        float[] means = new float[rows.Width];
        float[] spreads = new float[rows.Width];
        for (int i = 0; i < rows.Width; i++)
        {
            double sum = 0;
            double squares = 0;
            for (int row = 0; row < rows.Count; row++)
            {
                sum += rows.GetRow(row)[i];
            }

            double mean = sum / rows.Count;
            for (int row = 0; row < rows.Count; row++)
            {
                double distance = rows.GetRow(row)[i] - mean;
                squares += distance * distance;
            }

            (means[i], spreads[i]) = ((float)mean, (float)Math.Sqrt(squares / rows.Count));
        }

        return (means, spreads);
    }
}
