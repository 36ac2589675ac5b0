namespace InferenceShield;

/// <summary>The values answered over one sliding window, as of one moment.</summary>
/// <param name="Count">Values since the start, exact.</param>
/// <param name="Skipped">Those of them that are not in mean and variance, as too many threads brought values at once.</param>
/// <param name="Weight">Values in the window: each weighs exp(-age/window).</param>
/// <param name="Mean">Their weighted mean; 0 when there are none.</param>
/// <param name="Variance">Their weighted variance about the mean, 0 or more.</param>
public readonly record struct ValueSnapshot(long Count, long Skipped, double Weight, double Mean, double Variance);
