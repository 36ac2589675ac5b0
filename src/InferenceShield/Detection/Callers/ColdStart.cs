using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>The cold start's detector, for a calibration without (enough) honest callers: a discounted e-CUSUM over single queries.</summary>
/// <remarks>
/// <para>E = mean over the scalars and over kappa of kappa p^(kappa - 1), p the two-sided share of a scalar's normal score: at most 1 in the
/// mean over benign queries (betting against p-values: Vovk and Wang, E-values, 2021). e = min(E, B) / (1 + eps (B - 1)) is so in the mean
/// over any mixture of benign queries with a share eps of anything (Huber's robust ratio, 1965). S = max(S, 1) e; alarm at S = 1000.</para>
/// <para>What it promises: if no more than 30 % of an honest caller's queries, whichever came before, are other than calibrated ones, the
/// product of e from any one query on passes 1000 with probability .001 at most (Ville), and the mean number of queries to a false alarm
/// of S is 1000 at least. It is a run length, not a share of callers: of honest callers, who differ from each other for life, far more than
/// that are alarmed in a lifetime, and more where the tables are of clean rows instead of callers' traffic. docs/detection.md says how many
/// were. A caller all of whose inputs differ (another camera) is outside of the promise.</para>
/// </remarks>
internal static class ColdStart
{
    /// <summary>No single query multiplies by more.</summary>
    public const float Cap = 3;

    /// <summary>The share of an honest caller's queries that may be anything.</summary>
    public const float Contamination = .3f;

    /// <summary>ln 1000.</summary>
    public const float Threshold = 6.9077554f;

    /// <summary>The nominal one.</summary>
    public const float Promise = .001f;

    private const int StepsPerUnit = 64;

    private static readonly double[] s_powers = [.1, .25, .4, .6, .8];
    private static readonly float[] s_evidence = Evidence();

    /// <summary>E of a query before cap and discount: over the scalars that are in use; 1 if none is.</summary>
    public static float EvidenceOf(ReadOnlySpan<float> z, bool[] active)
    {
        float sum = 0;
        int count = 0;
        for (int scalar = 0; scalar < z.Length; scalar++)
        {
            if (active[scalar])
            {
                // Rounded towards 0: less evidence than there is, never more.
                sum += s_evidence[(int)(Math.Abs(z[scalar]) * StepsPerUnit)];
                count++;
            }
        }

        return count == 0 ? 1 : sum / count;
    }

    /// <summary>ln S after a query.</summary>
    public static float Next(float logSum, float evidence) =>
        Math.Max(logSum, 0) + MathF.Log(Math.Min(evidence, Cap) / (1 + (Contamination * (Cap - 1))));

    private static float[] Evidence()
    {
        float[] evidence = new float[((int)SignalTables.LargestScore * StepsPerUnit) + 1];
        for (int step = 0; step < evidence.Length; step++)
        {
            double p = 2 * NormalDistribution.Cumulative(-(double)step / StepsPerUnit);
            double sum = 0;
            foreach (double power in s_powers)
            {
                sum += power * Math.Pow(p, power - 1);
            }

            evidence[step] = (float)(sum / s_powers.Length);
        }

        return evidence;
    }
}
