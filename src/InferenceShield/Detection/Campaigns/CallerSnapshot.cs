using System.Runtime.CompilerServices;

namespace InferenceShield;

/// <summary>A caller's mean vector after some number of queries.</summary>
internal struct CallerSnapshot
{
    public CallerKey Caller;
    public CallerKey Tenant;

    /// <summary>Nanoseconds of the shield's clock.</summary>
    public long At;

    /// <summary>Of the calibration under which it was measured.</summary>
    public int Stamp;

    public MeanVector Mean;

    [InlineArray(QuerySignals.VectorLength)]
    internal struct MeanVector
    {
        private float _first;
    }
}
