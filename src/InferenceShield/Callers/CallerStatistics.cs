namespace InferenceShield;

/// <summary>What a shield has counted of one caller since it started.</summary>
/// <param name="Admitted">Queries (rows) admitted.</param>
/// <param name="Refused">Queries refused; in observe-only mode, that would have been.</param>
/// <param name="Repeated">Admitted queries whose input equals the caller's query just before: what averaging attacks send.</param>
public readonly record struct CallerStatistics(long Admitted, long Refused, long Repeated);
