namespace InferenceShield;

/// <summary>Divides the logits behind a distribution by a temperature.</summary>
internal static class TemperatureScaling
{
    /// <param name="distribution">Non-negative, sum 1, none above <paramref name="top"/>. So is the result.</param>
    /// <param name="top">The leading class.</param>
    /// <param name="inverseTemperature">1 / temperature.</param>
    public static void Apply(Span<double> distribution, int top, double inverseTemperature)
    {
        // By the largest first: then the sum is at least 1, whatever the power.
        double largest = distribution[top];
        double sum = 0;
        for (int i = 0; i < distribution.Length; i++)
        {
            distribution[i] = Math.Pow(distribution[i] / largest, inverseTemperature);
            sum += distribution[i];
        }

        for (int i = 0; i < distribution.Length; i++)
        {
            distribution[i] /= sum;
        }
    }
}
