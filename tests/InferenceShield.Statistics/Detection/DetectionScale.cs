using InferenceShield.Lab;

namespace InferenceShield.Statistics.Detection;

/// <summary>How much is run: all of it for the page, a slice of it in tests.</summary>
/// <param name="Calibration">Honest callers that the calibration is made of: 1,000, or half if fewer, to fit, the others for thresholds.</param>
/// <param name="Test">New honest callers.</param>
/// <param name="Shifted">Honest callers of kinds that the calibration never saw.</param>
/// <param name="Streams">Thieves of each kind.</param>
/// <param name="Queries">That a thief asks.</param>
/// <param name="Honest">Queries after which a caller turns thief.</param>
/// <param name="Cohort">Honest callers among whom sybils hide.</param>
/// <param name="Trials">Cohorts for each number of sybils.</param>
/// <param name="Lives">What honest callers are like.</param>
internal sealed record DetectionScale(int Calibration, int Test, int Shifted, int Streams, int Queries, int Honest, int Cohort, int Trials, HonestTrafficOptions Lives)
{
    public static DetectionScale Full { get; } = new(4_000, 4_000, 400, 20, 4_000, 1_000, 600, 200, new HonestTrafficOptions());
}
