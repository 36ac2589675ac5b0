namespace InferenceShield.Lab;

/// <summary>What came of an exact attack.</summary>
/// <param name="Attack">The attack.</param>
/// <param name="IsRecovered">Whether the copy is the model, as far as the attack's own check tells.</param>
/// <param name="Copy">The best copy there is, also where it is wrong; null where there is none.</param>
/// <param name="Residual">How far the copy is from the answers, in the attack's unit; NaN where nothing was left to check it with.</param>
/// <param name="Queries">Queries that were asked, refused ones and those of the check included.</param>
/// <param name="Verdict">One sentence: recovered, or why not.</param>
public sealed record ExactResult(string Attack, bool IsRecovered, IClassifier? Copy, double Residual, long Queries, string Verdict);
