namespace InferenceShield;

/// <summary>Finds callers that act together, off the hot path.</summary>
internal sealed class CampaignWorker
{
    /// <summary>Notes a caller's mean vector at n = 11, 45 or 181. On the hot path: bounded, no allocation, no lock that waits.</summary>
    public void Note(DetectionCalibration calibration, CallerKey caller, CallerKey tenant, int queries, ReadOnlySpan<float> mean, long now) => throw new NotImplementedException();

    /// <summary>Notes a query, for near-duplicates across callers. On the hot path: bounded, no allocation.</summary>
    public void NoteQuery(CallerKey caller, in QuerySignals signals, long now) => throw new NotImplementedException();

    /// <summary>Links, scores and reports; each minute.</summary>
    public void Run(DetectionCalibration calibration, CallerWatchTable watches, long now) => throw new NotImplementedException();
}
