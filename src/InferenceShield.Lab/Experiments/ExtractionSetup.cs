namespace InferenceShield.Lab;

/// <summary>What is stolen, and with what it is measured.</summary>
/// <param name="Name">What it is called in reports.</param>
/// <param name="Target">The clean target. No attack sees it.</param>
/// <param name="Pool">Inputs that the thief has.</param>
/// <param name="Test">Held-out inputs on which copies are measured; no thief asks them.</param>
public sealed record ExtractionSetup(string Name, IClassifier Target, Dataset Pool, Dataset Test);
