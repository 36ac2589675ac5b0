namespace InferenceShield.Lab;

/// <summary>How far the asking is.</summary>
/// <param name="Answered">Queries that were answered, those kept from before included.</param>
/// <param name="Total">Queries in all.</param>
public readonly record struct VerificationProgress(int Answered, int Total);
