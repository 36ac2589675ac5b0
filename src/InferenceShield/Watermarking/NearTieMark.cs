using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>The near-tie mark: where the two leading labels are near each other, a keyed bit picks one.</summary>
/// <remarks>Bits are a function of key and cell, or of key, pair and exact input: the same on every repeat, for every caller and posture. What
/// is a near tie is decided in doubles in one fixed order: alike in shield and verifier, on every machine.</remarks>
internal static class NearTieMark
{
    /// <summary>By which the bounds are wider than the formula, for its rounding: rows in between go the exact way.</summary>
    private const double Slack = 1e-9;

    /// <summary>Finds out whether a clean row is a near tie.</summary>
    /// <param name="kind">Logits or probabilities.</param>
    /// <param name="clean">The model's scores.</param>
    /// <param name="margin">The greatest difference of the two leading probabilities, without temperature.</param>
    /// <param name="tie">The two: by their scores, the first of equals.</param>
    /// <returns>False if it is none, or if the row is at fault.</returns>
    public static bool TryFind(OutputKind kind, ReadOnlySpan<float> clean, double margin, out NearTie tie)
    {
        tie = default;
        return MayBe(kind, clean, margin) && TryFindNear(kind, clean, margin, out tie);
    }

    /// <summary>False if the two leading scores are too far from each other for a near tie: of most rows all that has to be known.</summary>
    /// <param name="kind">Logits or probabilities.</param>
    /// <param name="clean">The model's scores; of those at fault the answer is of no use.</param>
    /// <param name="margin">See <see cref="TryFind"/>.</param>
    public static bool MayBe(OutputKind kind, ReadOnlySpan<float> clean, double margin)
    {
        if (clean.Length < 2)
        {
            return false;
        }

        LeadingTwo.Find(clean, out float largest, out float second);
        return MayBe(kind, clean.Length, largest, second, margin);
    }

    /// <summary><see cref="TryFind"/> of a row that may be a near tie, by <see cref="MayBe(OutputKind, ReadOnlySpan{float}, double)"/>.</summary>
    /// <remarks>Of short rows from registers, of wide ones in floats where those leave no doubt, else from the whole distribution. All
    /// three say the same.</remarks>
    /// <param name="kind">Logits or probabilities.</param>
    /// <param name="clean">At least two scores.</param>
    /// <param name="margin">As there.</param>
    /// <param name="tie">As there.</param>
    public static bool TryFindNear(OutputKind kind, ReadOnlySpan<float> clean, double margin, out NearTie tie)
    {
        tie = default;
        if (clean.Length <= FewClasses.Most && FewClasses.IsSupported
            && FewClasses.TryLeadTwo(clean, kind == OutputKind.Logits, DistributionHardening.SumTolerance, out int first, out int second, out double leading, out double next))
        {
            return IsTie(first, second, leading, next, margin, out tie);
        }

        if (clean.Length > FewClasses.Most && kind == OutputKind.Logits && FloatSplit.IsSupported && TryFindInFloats(clean, margin, out bool isTie, out tie))
        {
            return isTie;
        }

        Span<double> distribution = HardeningScratch.ForThisThread.Distribution(clean.Length);
        if (!CleanAnswers.TryNormalize(kind, clean, distribution, out first))
        {
            return false;
        }

        second = LeadingClass.FindSecond(clean, first);
        return IsTie(first, second, distribution[first], distribution[second], margin, out tie);
    }

    /// <summary>The label that the key picks, by cell.</summary>
    public static int Pick(SipHashKey key, NearTie tie) =>
        Pick(tie, SipHash.Hash(key, Pair(tie), (ulong)tie.Mass, (ulong)MarkKeying.Cell));

    /// <summary>The label that the key picks, by exact input.</summary>
    public static int Pick(SipHashKey key, NearTie tie, Hash128 input) =>
        Pick(tie, SipHash.Hash(key, Pair(tie), input.Low, input.High)); // two words of 64 random bits: no cell's

    /// <summary>False only if the two leading scores are too far from each other, whatever the others are.</summary>
    /// <remarks>Of logits the others are at most the second, so with e = exp(second - largest) the two probabilities differ by at least
    /// (1 - e) / (1 + (K - 1) e). That is above the margin m where 1 / e is above (1 + (K - 1) m) / (1 - m); and 1 / e is at least
    /// the first terms of its series.</remarks>
    private static bool MayBe(OutputKind kind, int classes, float largest, float second, double margin)
    {
        double gap = (double)largest - second;
        if (kind != OutputKind.Logits)
        {
            return !(gap > margin * (1 + DistributionHardening.SumTolerance) * (1 + Slack));
        }

        double least = (1 + ((classes - 1) * margin)) * (1 + Slack);
        double series = 1 + (gap * (1 + (gap * (1.0 / 2 + (gap * (1.0 / 6))))));
        return !(series * (1 - margin) > least) && (classes <= FewClasses.Most || !((1 - margin) > least * RowExponentials.Of(-gap)));
    }

    /// <summary>Of logits, from a sum of floats.</summary>
    /// <returns>False if the sum of doubles might decide otherwise, or if the row is at fault.</returns>
    private static bool TryFindInFloats(ReadOnlySpan<float> clean, double margin, out bool isTie, out NearTie tie)
    {
        isTie = false;
        tie = default;
        int first = FusedNoise.FindTop(clean);
        if (first < 0)
        {
            return false;
        }

        int second = LeadingClass.FindSecond(clean, first);
        double sum = FusedNoise.Exponentiate(clean, clean[first], 1, HardeningScratch.ForThisThread.Query(clean.Length));
        double exponential = RowExponentials.Of((double)clean[second] - clean[first]);
        double least = (1 - FloatSplit.SumError) / sum;
        double most = (1 + FloatSplit.SumError) / sum;
        isTie = IsTie(first, second, least, least * exponential, margin, out tie);
        return isTie == IsTie(first, second, most, most * exponential, margin, out NearTie other) && tie == other;
    }

    private static bool IsTie(int first, int second, double leading, double next, double margin, out NearTie tie)
    {
        bool isTie = leading - next <= margin;
        tie = isTie ? new NearTie(Math.Min(first, second), Math.Max(first, second), (int)Math.Round((leading + next) * 10)) : default;
        return isTie;
    }

    private static int Pick(NearTie tie, Hash128 bits) => (bits.Low & 1) == 0 ? tie.Lower : tie.Higher;

    private static ulong Pair(NearTie tie) => (uint)tie.Lower | ((ulong)(uint)tie.Higher << 32);
}
