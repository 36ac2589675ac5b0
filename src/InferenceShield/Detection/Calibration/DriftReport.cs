namespace InferenceShield;

/// <summary>How far live callers are from the calibration's. For dashboards: never an alarm.</summary>
/// <param name="IsDrift">Whether a mean is at least .3 standard deviations away, beyond what so few callers may be by chance.</param>
/// <param name="Callers">Live callers that count, the latest about a thousand.</param>
/// <param name="LargestShift">The largest distance of a mean, in standard deviations over honest callers.</param>
/// <param name="Reasons">The three largest, in words; empty before anything can be said.</param>
internal sealed record DriftReport(bool IsDrift, int Callers, double LargestShift, IReadOnlyList<string> Reasons);
