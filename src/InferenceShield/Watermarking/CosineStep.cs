namespace InferenceShield;

/// <summary>The cosine mark of one row; the default is none.</summary>
/// <param name="release">How.</param>
/// <param name="projection">Of the input, along the key vector.</param>
/// <param name="payloadProjection">Along the payload's.</param>
/// <param name="payload">The caller's phase: see <see cref="InputMarks.PayloadPhase"/>.</param>
internal readonly struct CosineStep(CosineRelease release, double projection, double payloadProjection, double payload)
{
    public bool IsNone => release is null;

    public void Apply(Span<double> distribution, int top, Span<double> target) => release.Apply(distribution, top, projection, payloadProjection, payload, target);
}
