namespace InferenceShield;

/// <summary>The cosine mark of one output in one posture, compiled.</summary>
internal sealed class CosineRelease
{
    /// <summary>How much weaker the payload is than the mark.</summary>
    public const double PayloadShare = 0.5;

    private readonly InputMarks _marks;
    private readonly double _strength;
    private readonly double _frequency;
    private readonly bool _hasPayload;

    public CosineRelease(InputMarks marks, CosineMarkOptions options)
    {
        _marks = marks;
        _strength = options.Strength;
        _frequency = options.Frequency;
        _hasPayload = options.Payload;
    }

    /// <summary>Marks a distribution.</summary>
    /// <param name="distribution">Sum 1; so is the result. Its leading class stays in front.</param>
    /// <param name="top">That class.</param>
    /// <param name="projection">Of the input, along the key vector.</param>
    /// <param name="payloadProjection">Along the payload's.</param>
    /// <param name="payload">The caller's phase: see <see cref="InputMarks.PayloadPhase"/>.</param>
    /// <param name="target">Scratch, as long.</param>
    public void Apply(Span<double> distribution, int top, double projection, double payloadProjection, double payload, Span<double> target)
    {
        distribution.CopyTo(target);
        CosineMark.Move(target, _marks.Cosine!.KeyClass(target.Length), _strength, _frequency * projection);
        if (_hasPayload)
        {
            CosineMark.Move(target, _marks.Payload!.KeyClass(target.Length), _strength * PayloadShare, (_frequency * payloadProjection) + payload);
        }

        LabelKeepingBlend.Apply(distribution, top, target, 1);
    }
}
