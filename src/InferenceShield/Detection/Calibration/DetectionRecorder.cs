namespace InferenceShield;

/// <summary>Writes what is measured of queries to a log that calibration reads: scalars, hashes and pseudonyms, no inputs.</summary>
/// <remarks>Never blocks a query: a bounded queue, and a count of what did not fit.</remarks>
internal sealed class DetectionRecorder : IDisposable
{
    /// <summary>Hands one query over. No allocation.</summary>
    public void Record(CallerKey caller, long now, in QuerySignals signals) => throw new NotImplementedException();

    public void Dispose() => throw new NotImplementedException();
}
