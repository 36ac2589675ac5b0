namespace InferenceShield;

/// <summary>The leak odometer of tenants: the cells that their callers have visited together. Bounded, thread-safe.</summary>
internal sealed class TenantOdometers
{
    /// <summary>Notes a visit of one of the tenant's callers. On the hot path: no allocation.</summary>
    public void Visit(DetectionCalibration calibration, CallerKey tenant, int cell) => throw new NotImplementedException();

    /// <summary>Benign mass of the cells visited, 0 to 1.</summary>
    public double Read(DetectionCalibration calibration, CallerKey tenant) => throw new NotImplementedException();
}
