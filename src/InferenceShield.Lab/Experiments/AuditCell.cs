namespace InferenceShield.Lab;

/// <summary>One theft of a plan.</summary>
internal sealed record AuditCell(ExtractionSetup Setup, ReleasePolicy Policy, Attack Attack, int Budget, ulong Seed)
{
    /// <summary>A cell's share of the work of a plan: mostly its training, whose steps grow slower than its queries.</summary>
    public double Weight => Budget + 2000;

    /// <summary>By which a stored result is found again.</summary>
    public (string Setup, string Policy, string Attack, int Budget, ulong Seed) Key => (Setup.Name, Policy.Name, Attack.Name, Budget, Seed);

    /// <summary>The key of the cell that a result is of.</summary>
    public static (string Setup, string Policy, string Attack, int Budget, ulong Seed) KeyOf(ExtractionResult result) =>
        (result.Setup, result.Policy, result.Attack, result.Budget, result.Seed);
}
