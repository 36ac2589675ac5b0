using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>Hardens one row of independent scores: the labels of a multi-label model, or the one score of a binary model.</summary>
/// <remarks>
/// <para>A score becomes a probability (a sigmoid, for logits) and is rounded to the grid, ties to even; it stays between 0 and 1
/// and on its side of the threshold: where rounding would carry it across, the next grid number on its side is released. So the
/// error is half a grid step, and less than one where the threshold is in between. Released again, an answer stays as it is.</para>
/// <para>Each score by itself, in double: the same in any row, batch, thread and vector width. Two reads of the row, no scratch.
/// What it hides is the digits; the decision and the order of scores that are a step apart stay for a thief to train on.</para>
/// </remarks>
internal static class ScoreHardening
{
    /// <summary>Rounding of half precision may carry a probability this far out of 0 to 1.</summary>
    private const float RangeTolerance = 1e-3f;

    /// <param name="plan">With one threshold, or one for each score.</param>
    /// <param name="clean">The model's scores; one number for a binary model.</param>
    /// <param name="released">As long; may be the same span. Not written if the row is faulty.</param>
    /// <param name="fault">What is wrong with the row.</param>
    /// <returns>False if the row cannot be released.</returns>
    /// <exception cref="ArgumentException">The plan has thresholds for another number of scores.</exception>
    public static bool TryHarden(ScorePlan plan, ReadOnlySpan<float> clean, Span<float> released, out OutputFault fault)
    {
        bool shared = plan.Thresholds.Length == 1;
        if (!shared && plan.Thresholds.Length != clean.Length)
        {
            throw new ArgumentException(
                $"There are {plan.Thresholds.Length} thresholds for rows of {clean.Length} scores. Give one for all, or one for each.", nameof(clean));
        }

        if (!IsValid(plan, clean, out fault))
        {
            return false;
        }

        for (int i = 0; i < clean.Length; i++)
        {
            released[i] = Release(plan, shared ? 0 : i, clean[i]);
        }

        return true;
    }

    private static bool IsValid(ScorePlan plan, ReadOnlySpan<float> clean, out OutputFault fault)
    {
        for (int i = 0; i < clean.Length; i++)
        {
            if (!float.IsFinite(clean[i]))
            {
                fault = OutputFault.NotFinite(i, clean[i]);
                return false;
            }

            if (!plan.IsLogits && !(clean[i] is >= -RangeTolerance and <= 1 + RangeTolerance))
            {
                fault = OutputFault.OutOfRange(i);
                return false;
            }
        }

        fault = default;
        return true;
    }

    /// <summary>With an exponential of our own: the platform's may differ in its last bit, and with it a grid step.</summary>
    private static double Sigmoid(double logit)
    {
        double exponential = RowExponentials.Of(-Math.Abs(logit));
        return (logit >= 0 ? 1 : exponential) / (1 + exponential);
    }

    private static float Release(ScorePlan plan, int label, float score)
    {
        bool above = plan.IsLogits ? score >= plan.LogitThresholds[label] : score >= plan.Thresholds[label];
        double probability = plan.IsLogits ? Sigmoid(score) : Math.Clamp(score, 0f, 1f);
        int steps = (int)Math.Round(probability * plan.Units);
        int lowest = plan.LowestSteps[label];
        return plan.ToFloat(above ? Math.Max(steps, lowest) : Math.Min(steps, lowest - 1));
    }
}
