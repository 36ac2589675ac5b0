namespace InferenceShield.Lab;

/// <summary>One check of a dossier.</summary>
/// <param name="Part">What was looked at, such as signature, commitment, timestamp or p-values.</param>
/// <param name="Kind">What became of it.</param>
/// <param name="Text">In a sentence.</param>
public sealed record DossierFinding(string Part, DossierFindingKind Kind, string Text)
{
    /// <summary>What was missing for the check, and what is open without it; empty for nothing.</summary>
    public string Missing { get; init; } = "";
}
