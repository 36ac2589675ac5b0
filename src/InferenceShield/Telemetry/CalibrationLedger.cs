namespace InferenceShield;

/// <summary>Confidences and whether they were right: calibration error, Brier score and ROC area, released and clean.</summary>
/// <remarks>Thread-safe behind a lock: labels come seldom and late, never on a query's path.</remarks>
internal sealed class CalibrationLedger
{
    private readonly Lock _lock = new();
    private readonly ConfidenceHistogram _released = new();
    private readonly ConfidenceHistogram _clean = new();

    /// <param name="released">The released confidence, 0 to 1.</param>
    /// <param name="clean">The clean one, if known.</param>
    /// <param name="isRight">Whether the released label was the true one.</param>
    public void Add(double released, double? clean, bool isRight)
    {
        lock (_lock)
        {
            _released.Add(released, isRight);
            if (clean is { } known)
            {
                _clean.Add(known, isRight);
            }
        }
    }

    public (CalibrationSnapshot Released, CalibrationSnapshot Clean) Read()
    {
        lock (_lock)
        {
            return (_released.Read(), _clean.Read());
        }
    }
}
