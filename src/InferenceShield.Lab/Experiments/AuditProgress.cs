namespace InferenceShield.Lab;

/// <summary>How far an audit is.</summary>
/// <param name="Finished">Cells that are finished, those of earlier runs included.</param>
/// <param name="Total">Cells in all.</param>
/// <param name="Last">The cell that was finished last; null before the first of this run.</param>
/// <param name="Elapsed">Since this run began.</param>
/// <param name="Left">Estimated from the cells of this run, weighted by their budgets; null before the first.</param>
public sealed record AuditProgress(int Finished, int Total, ExtractionResult? Last, TimeSpan Elapsed, TimeSpan? Left);
