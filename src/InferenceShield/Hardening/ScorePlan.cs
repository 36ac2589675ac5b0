namespace InferenceShield;

/// <summary>How independent scores are released, compiled: kind, grid, and the threshold of each.</summary>
internal sealed class ScorePlan : IEquatable<ScorePlan>
{
    public const int MostDecimals = 5;

    private readonly float[] _thresholds;
    private readonly double[] _logits;
    private readonly int[] _lowest;

    /// <param name="isLogits">Whether the model gives logits; else probabilities.</param>
    /// <param name="decimals">0 to <see cref="MostDecimals"/>. 0 releases labels only: 1 from the threshold on, else 0.</param>
    /// <param name="thresholds">One for all scores of a row, or one for each; above 0 and below 1. None means .5.</param>
    /// <remarks>A threshold is the float32 that the answer is compared with: a float of .7 is below the double .7.</remarks>
    public ScorePlan(bool isLogits, int decimals, params ReadOnlySpan<float> thresholds)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(decimals);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(decimals, MostDecimals);
        IsLogits = isLogits;
        Units = (int)Math.Round(Math.Pow(10, decimals));
        Step = 1.0 / Units;
        _thresholds = thresholds.IsEmpty ? [0.5f] : thresholds.ToArray();
        _logits = new double[_thresholds.Length];
        _lowest = new int[_thresholds.Length];
        for (int i = 0; i < _thresholds.Length; i++)
        {
            double threshold = _thresholds[i];
            if (!(threshold is > 0 and < 1))
            {
                throw new ArgumentOutOfRangeException(
                    nameof(thresholds), threshold, $"The threshold of label {i} is not above 0 and below 1; a score could never be on one of its sides.");
            }

            _logits[i] = Math.Log(threshold / (1 - threshold));

            // Found by trying: .07 * 100 is a little more than 7.
            int steps = Math.Max(0, (int)(threshold * Units) - 1);
            while (ToFloat(steps) < _thresholds[i])
            {
                steps++;
            }

            _lowest[i] = steps;
        }
    }

    public bool IsLogits { get; }

    /// <summary>Grid steps between 0 and 1.</summary>
    public int Units { get; }

    public double Step { get; }

    /// <summary>One for all, or one for each score of a row.</summary>
    public ReadOnlySpan<float> Thresholds => _thresholds;

    /// <summary>From which logit on a score is on the upper side.</summary>
    public ReadOnlySpan<double> LogitThresholds => _logits;

    /// <summary>The fewest grid steps that are on the upper side.</summary>
    public ReadOnlySpan<int> LowestSteps => _lowest;

    public bool Equals(ScorePlan? other) =>
        other is not null && IsLogits == other.IsLogits && Units == other.Units && Thresholds.SequenceEqual(other.Thresholds);

    public override bool Equals(object? obj) => Equals(obj as ScorePlan);

    public override int GetHashCode() => HashCode.Combine(IsLogits, Units, _thresholds.Length);

    public float ToFloat(int steps) => (float)(steps * Step);
}
