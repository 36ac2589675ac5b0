namespace InferenceShield.Lab;

/// <summary>What a thief leaves with.</summary>
/// <param name="Result">What it cost him, and how good the copy is.</param>
/// <param name="Copy">The copy: a <see cref="Surrogate"/>, which can be saved as ONNX, where the attack trained one.</param>
/// <param name="Transcript">What was asked and answered; null for exact attacks, which keep none.</param>
public sealed record Theft(ExtractionResult Result, IClassifier Copy, Transcript? Transcript);
