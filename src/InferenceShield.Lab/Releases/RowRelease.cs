namespace InferenceShield.Lab;

/// <summary>A release that is a public function of each clean answer by itself: without key, memory or chance.</summary>
internal sealed class RowRelease(RowRelease.Row release) : IRelease
{
    /// <summary>Releases one answer.</summary>
    internal delegate void Row(ReadOnlySpan<float> clean, Span<float> released);

    public void Apply(ReadOnlySpan<float> inputs, ReadOnlySpan<float> clean, int classCount, Span<float> released)
    {
        for (int row = 0; row < clean.Length; row += classCount)
        {
            release(clean.Slice(row, classCount), released.Slice(row, classCount));
        }
    }
}
