using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>Where benign queries' scalars lie, by label: the label-conditional probability integral transform of detection.md 2.1.</summary>
/// <remarks>u = (rank among 127 quantiles + .5) / 128, z = its normal score; beyond the outermost quantile min(distance / IQR, 4) is
/// added; clipped to +-6. Immutable, thread-safe.</remarks>
internal sealed class SignalTables
{
    public const int Quantiles = 127;

    /// <summary>No normal score is further from 0.</summary>
    public const float LargestScore = 6;

    private const float LargestTail = 4;

    private static readonly float[] s_scores = NormalScores();

    /// <summary>Whether a scalar says anything; one without spread gives z = 0.</summary>
    public required bool[] Active { get; init; }

    /// <summary>The table of a label: 0 for all labels pooled (those with fewer than 200 rows), else 1 and up.</summary>
    public required int[] TableOf { get; init; }

    /// <summary>Tables x 12 scalars x 127 quantiles, ascending.</summary>
    public required float[] Values { get; init; }

    /// <summary>Tables x 12: interquartile ranges, positive.</summary>
    public required float[] Ranges { get; init; }

    /// <summary>Normal scores of the scalars. Allocates nothing.</summary>
    /// <param name="signals">The query. A label that the tables do not know is taken as all labels pooled; a scalar that is no number says nothing.</param>
    /// <param name="z">Gets 12 numbers, -6 to 6.</param>
    public void Transform(in QuerySignals signals, Span<float> z)
    {
        int[] tableOf = TableOf;
        int first = ((uint)signals.Label < (uint)tableOf.Length ? tableOf[signals.Label] : 0) * QuerySignals.ScalarCount;
        for (int scalar = 0; scalar < QuerySignals.ScalarCount; scalar++)
        {
            z[scalar] = Active[scalar] ? ScoreOf(signals.Scalars[scalar], Values.AsSpan((first + scalar) * Quantiles, Quantiles), Ranges[first + scalar]) : 0;
        }
    }

    private static float ScoreOf(float value, ReadOnlySpan<float> quantiles, float range)
    {
        // How many quantiles are below the value: 127 = 64 + 32 + ... + 1, seven steps without a branch.
        int rank = 0;
        for (int step = 64; step > 0; step >>= 1)
        {
            rank += step & -(quantiles[rank + step - 1] < value ? 1 : 0);
        }

        float score = s_scores[rank];
        if (rank is 0 or Quantiles)
        {
            float tail = rank == 0 ? quantiles[0] - value : value - quantiles[^1];
            if (float.IsNaN(value))
            {
                return 0;
            }

            tail = Math.Min(tail / range, LargestTail);
            score = Math.Clamp(rank == 0 ? score - tail : score + tail, -LargestScore, LargestScore);
        }

        return score;
    }

    private static float[] NormalScores()
    {
        float[] scores = new float[Quantiles + 1];
        for (int rank = 0; rank <= Quantiles; rank++)
        {
            scores[rank] = (float)NormalDistribution.Quantile((rank + 0.5) / (Quantiles + 1));
        }

        return scores;
    }
}
