namespace InferenceShield;

/// <summary>What a shield has counted since it was built. Each number is exact; together they are not one instant.</summary>
/// <param name="Admitted">Queries (rows) admitted within the limits.</param>
/// <param name="Refused">Queries refused.</param>
/// <param name="WouldBeRefused">Queries admitted in observe-only mode that would have been refused.</param>
/// <param name="TableFull">Queries of callers for whom the caller table had no room.</param>
/// <param name="Hardened">Rows released hardened, over all outputs but State.</param>
/// <param name="WouldBeHardened">Rows released clean in observe-only mode.</param>
/// <param name="TopChanged">Rows whose leading class the release does not show in front. Always 0; counted, not assumed.</param>
/// <param name="Callers">Callers that have a record of their own now.</param>
/// <param name="PlanVersion">1 at start, one more for each reload that took effect.</param>
public readonly record struct ShieldStatistics(
    long Admitted,
    long Refused,
    long WouldBeRefused,
    long TableFull,
    long Hardened,
    long WouldBeHardened,
    long TopChanged,
    int Callers,
    int PlanVersion);
