namespace InferenceShield;

/// <summary>A <see cref="CallerOverride"/>, compiled.</summary>
internal sealed class CompiledOverride(CallerOverride source)
{
    public bool Unlimited { get; } = source.Unlimited;

    public Limit? Limit { get; } = source.Limit is null ? null : new Limit(source.Limit);

    public Posture? Posture { get; } = source.Posture;

    public bool Watched { get; } = source.Watched || source.Posture is > InferenceShield.Posture.Normal;
}
