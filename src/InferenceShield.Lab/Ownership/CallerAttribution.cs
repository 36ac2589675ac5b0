namespace InferenceShield.Lab;

/// <summary>A caller who was given marked answers that a verification tests.</summary>
/// <param name="Caller">The caller's pseudonym, 32 digits: as the command <c>evidence</c> lists it.</param>
/// <param name="Queries">Marked queries of that caller that were found, repeats counted.</param>
public sealed record CallerAttribution(string Caller, int Queries);
