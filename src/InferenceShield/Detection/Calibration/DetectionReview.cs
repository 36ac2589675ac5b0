namespace InferenceShield;

/// <summary>The callers of a log that an operator should look at before trusting a calibration made of it.</summary>
/// <remarks>A calibration learns what it is given: attackers in the log hide others like them. So these are the callers that are alarmed under
/// a fit which expects one caller in ten to be an attacker. Where there are none, honest callers are listed, those that differ most. Immutable.</remarks>
/// <param name="Callers">Judged: those with at least 8 queries that were not left out.</param>
/// <param name="Alarmed">Those to look at: first where the Output family alarmed, the stronger evidence, then by how far the threshold was passed.</param>
public sealed record DetectionReview(int Callers, IReadOnlyList<ReviewedCaller> Alarmed);
