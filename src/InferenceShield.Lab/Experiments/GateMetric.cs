namespace InferenceShield.Lab;

/// <summary>What a gate compares.</summary>
internal enum GateMetric
{
    Agreement,
    Accuracy,
    TopOneChanged,
    Distance,
    Cost,
}
