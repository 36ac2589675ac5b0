namespace InferenceShield;

/// <summary>Whether live traffic still looks like the calibration's. Thread-safe, no allocation.</summary>
internal sealed class DriftWatch
{
    /// <summary>Notes a caller's mean vector at a checkpoint (each caller counts once).</summary>
    public void Note(DetectionCalibration calibration, ReadOnlySpan<float> mean) => throw new NotImplementedException();
}
