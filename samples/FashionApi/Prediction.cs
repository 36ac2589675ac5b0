namespace InferenceShield.Samples.FashionApi;

/// <summary>What the shield released for one row.</summary>
/// <param name="Label">The name of the leading class.</param>
/// <param name="Class">Its number.</param>
/// <param name="Probabilities">Of all classes; by default in steps of 0.01 that sum to 1.</param>
internal sealed record Prediction(string Label, int Class, float[] Probabilities);
