namespace InferenceShield;

/// <summary>What one check of a <see cref="LeakReport"/> says.</summary>
/// <param name="Check">Which.</param>
/// <param name="Leaks">Whether it found more than the policy should give away.</param>
/// <param name="Verdict">One sentence with the numbers.</param>
public sealed record LeakFinding(string Check, bool Leaks, string Verdict);
