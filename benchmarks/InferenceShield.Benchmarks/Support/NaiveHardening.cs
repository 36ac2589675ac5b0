namespace InferenceShield.Benchmarks.Support;

/// <summary>What a service would write by hand: a LINQ softmax, rounded to two decimals.</summary>
/// <remarks>Does less than a shield: the answer need not sum to 1, the leading class may tie, and faulty rows pass.</remarks>
internal static class NaiveHardening
{
    public static float[] Harden(float[] logits)
    {
        float largest = logits.Max();
        float[] exponentials = [.. logits.Select(logit => MathF.Exp(logit - largest))];
        float sum = exponentials.Sum();
        return [.. exponentials.Select(exponential => MathF.Round(exponential / sum, 2))];
    }
}
