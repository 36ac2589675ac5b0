namespace InferenceShield;

/// <summary>A second policy for a share of the callers, to compare what it costs honest users and what it leaks.</summary>
public sealed class TrialOptions
{
}
