namespace InferenceShield;

/// <summary>What was counted, at one instant.</summary>
/// <param name="Calls">Calls admitted.</param>
/// <param name="Admitted">Queries (rows) admitted.</param>
/// <param name="RefusedCalls">Calls refused, or in observe-only mode that would have been.</param>
/// <param name="Refused">Queries refused, or in observe-only mode that would have been.</param>
/// <param name="Cost">Cost charged.</param>
internal readonly record struct CallCounts(long Calls, long Admitted, long RefusedCalls, long Refused, long Cost)
{
    public static CallCounts operator +(CallCounts left, CallCounts right) => new(
        left.Calls + right.Calls,
        left.Admitted + right.Admitted,
        left.RefusedCalls + right.RefusedCalls,
        left.Refused + right.Refused,
        left.Cost + right.Cost);
}
