namespace InferenceShield.Lab;

/// <summary>What is asked is told.</summary>
internal sealed class CleanRelease : IRelease
{
    public void Apply(ReadOnlySpan<float> inputs, ReadOnlySpan<float> clean, int classCount, Span<float> released) => clean.CopyTo(released);
}
