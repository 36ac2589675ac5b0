namespace InferenceShield;

/// <summary>A caller's query that was nearly, but not exactly, another caller's.</summary>
internal struct NearQueryHit
{
    public CallerKey Caller;

    /// <summary><see cref="CallerKey.Tag"/> of the other.</summary>
    public uint Other;

    /// <summary>Nanoseconds of the shield's clock.</summary>
    public long At;
}
