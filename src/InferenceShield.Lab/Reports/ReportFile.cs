namespace InferenceShield.Lab;

/// <summary>report.json.</summary>
internal sealed record ReportFile(
    int Version,
    string Plan,
    IReadOnlyDictionary<string, string> Settings,
    IReadOnlyList<string> Summary,
    IReadOnlyList<AuditRow> Rows,
    IReadOnlyList<PolicyUtility> Policies,
    IReadOnlyList<GateOutcome> Gates,
    IReadOnlyList<ExtractionResult> Cells);
