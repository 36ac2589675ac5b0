using System.Numerics.Tensors;
using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>Hardens one row of logits or probabilities.</summary>
/// <remarks>All in double and row by row in index order, so that a row's answer does not depend on its batch. The leading
/// class is the first of the largest clean scores and stays the strict leader of the released answer.</remarks>
internal static class DistributionHardening
{
    /// <summary>How far declared probabilities may sum from 1: half-precision softmax over thousands of classes stays inside.</summary>
    private const double SumTolerance = 1e-2;

    /// <summary>Rounding of half precision may leave a probability this far below 0.</summary>
    private const double NegativeTolerance = -1e-3;

    /// <param name="plan">How.</param>
    /// <param name="noiseKey">Keys the noise.</param>
    /// <param name="clean">The model's scores.</param>
    /// <param name="released">As long; may be the same span. Not written if the row is faulty.</param>
    /// <param name="top">The leading class.</param>
    /// <param name="confidence">Its probability before anything was done to it.</param>
    /// <param name="fault">What is wrong with the row.</param>
    /// <returns>False if the row cannot be released.</returns>
    public static bool TryHarden(
        OutputPlan plan, SipHashKey noiseKey, ReadOnlySpan<float> clean, Span<float> released, out int top, out float confidence, out OutputFault fault)
    {
        confidence = 0;
        HardeningScratch scratch = HardeningScratch.ForThisThread;
        Span<double> distribution = scratch.Distribution(clean.Length);
        if (!TryNormalize(plan, clean, distribution, out top, out double leading, out fault))
        {
            return false;
        }

        confidence = (float)leading;
        KeepClean(plan, distribution, scratch.Clean(clean.Length));
        if (plan.LabelOnly)
        {
            released.Clear();
            released[top] = 1;
            return true;
        }

        Span<double> second = scratch.Second(clean.Length);
        if (plan.NoiseBudget > 0)
        {
            KeyedNoise.Apply(distribution, top, plan.NoiseBudget, noiseKey, second);
        }

        if (plan.TopK > 0 && plan.TopK < distribution.Length)
        {
            KeepLargest(distribution, top, scratch.Indices(plan.TopK), second);
        }

        Span<int> chosen = scratch.Indices(Math.Min(distribution.Length, plan.GridUnits));
        GridRounding.Apply(distribution, top, plan.GridUnits, second, chosen);
        for (int i = 0; i < released.Length; i++)
        {
            released[i] = (float)(distribution[i] * plan.GridStep);
        }

        return true;
    }

    /// <summary>The row as a distribution of sum 1, before anything that hides.</summary>
    /// <param name="plan">Kind and temperature.</param>
    /// <param name="clean">The model's scores.</param>
    /// <param name="distribution">As long.</param>
    /// <param name="top">The first of the largest.</param>
    /// <param name="confidence">Its probability without temperature.</param>
    /// <param name="fault">What is wrong with the row.</param>
    internal static bool TryNormalize(OutputPlan plan, ReadOnlySpan<float> clean, Span<double> distribution, out int top, out double confidence, out OutputFault fault)
    {
        top = 0;
        confidence = 0;
        double sum = 0;
        for (int i = 0; i < clean.Length; i++)
        {
            float score = clean[i];
            if (!float.IsFinite(score))
            {
                fault = OutputFault.NotFinite(i, score);
                return false;
            }

            if (score > clean[top])
            {
                top = i;
            }

            distribution[i] = score;
            sum += score;
        }

        if (plan.Kind == OutputKind.Probabilities)
        {
            if (Math.Abs(sum - 1) > SumTolerance)
            {
                fault = OutputFault.WrongSum(sum);
                return false;
            }

            for (int i = 0; i < clean.Length; i++)
            {
                if (clean[i] < NegativeTolerance)
                {
                    fault = OutputFault.Negative(i, clean[i]);
                    return false;
                }

                distribution[i] = Math.Max(0, distribution[i]);
            }
        }

        confidence = ToDistribution(plan, distribution, top);
        fault = default;
        return true;
    }

    /// <summary>Softmax with temperature for logits; power with temperature for probabilities; then the sum is 1.</summary>
    /// <returns>The leading class's probability without temperature.</returns>
    private static double ToDistribution(OutputPlan plan, Span<double> distribution, int top)
    {
        double confidence = plan.InverseTemperature == 1 ? 0 : Confidence(plan, distribution, top);
        if (plan.Kind == OutputKind.Logits)
        {
            double largest = distribution[top];
            for (int i = 0; i < distribution.Length; i++)
            {
                distribution[i] = (distribution[i] - largest) * plan.InverseTemperature;
            }

            TensorPrimitives.Exp(distribution, distribution);
        }
        else if (plan.InverseTemperature != 1)
        {
            double largest = distribution[top];
            for (int i = 0; i < distribution.Length; i++)
            {
                distribution[i] = Math.Pow(distribution[i] / largest, plan.InverseTemperature);
            }
        }

        double sum = 0;
        for (int i = 0; i < distribution.Length; i++)
        {
            sum += distribution[i];
        }

        double inverse = 1 / sum;
        for (int i = 0; i < distribution.Length; i++)
        {
            distribution[i] *= inverse;
        }

        return plan.InverseTemperature == 1 ? distribution[top] : confidence;
    }

    /// <summary>Keeps the distribution, without the temperature, for the utility ledger.</summary>
    private static void KeepClean(OutputPlan plan, ReadOnlySpan<double> distribution, Span<double> clean)
    {
        distribution.CopyTo(clean);
        if (plan.InverseTemperature != 1)
        {
            TensorPrimitives.Pow(clean, 1 / plan.InverseTemperature, clean);
            TensorPrimitives.Multiply(clean, 1 / TensorPrimitives.Sum<double>(clean), clean);
        }
    }

    /// <summary>The leading class's probability: of scores that a temperature is going to change.</summary>
    private static double Confidence(OutputPlan plan, ReadOnlySpan<double> scores, int top)
    {
        double sum = 0;
        foreach (double score in scores)
        {
            sum += plan.Kind == OutputKind.Logits ? Math.Exp(score - scores[top]) : score;
        }

        return plan.Kind == OutputKind.Logits ? 1 / sum : scores[top] / sum;
    }

    private static void KeepLargest(Span<double> distribution, int top, Span<int> chosen, Span<double> kept)
    {
        int found = LargestSelection.Select(distribution, chosen);
        kept.Clear();
        double sum = 0;
        foreach (int index in chosen[..found])
        {
            kept[index] = distribution[index];
            sum += distribution[index];
        }

        if (kept[top] == 0)
        {
            // Noise may have drawn others level; the leading class is kept in the place of one of them.
            int last = chosen[0];
            sum += distribution[top] - kept[last];
            kept[last] = 0;
            kept[top] = distribution[top];
        }

        for (int i = 0; i < distribution.Length; i++)
        {
            distribution[i] = kept[i] / sum;
        }
    }
}
