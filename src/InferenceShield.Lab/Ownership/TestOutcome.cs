namespace InferenceShield.Lab;

/// <summary>What one test says under one key.</summary>
/// <param name="Answers">Answers that counted.</param>
/// <param name="Statistic">What was measured.</param>
/// <param name="Expected">The same of an independent model.</param>
/// <param name="EffectLow">Lower end of the 95 % interval of the effect.</param>
/// <param name="EffectHigh">Upper end.</param>
/// <param name="PValue">One-sided; NaN without answers.</param>
internal readonly record struct TestOutcome(int Answers, double Statistic, double Expected, double EffectLow, double EffectHigh, double PValue)
{
    /// <summary>The statistic less what is expected.</summary>
    public double Effect => Statistic - Expected;
}
