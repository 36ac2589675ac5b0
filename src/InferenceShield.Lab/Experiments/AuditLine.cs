namespace InferenceShield.Lab;

/// <summary>One line of a store: the first says which plan it is of, the others hold a finished cell each.</summary>
internal sealed record AuditLine(int? Version, string? Plan, ExtractionResult? Cell);
