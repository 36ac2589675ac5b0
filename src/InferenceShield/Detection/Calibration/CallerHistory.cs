namespace InferenceShield;

/// <summary>One caller's queries in a log, in order.</summary>
/// <param name="Caller">Its pseudonym.</param>
/// <param name="Queries">What was measured of each.</param>
internal sealed record CallerHistory(ulong Caller, QuerySignals[] Queries);
