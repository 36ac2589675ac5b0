namespace InferenceShield.Lab;

/// <summary>Releases the nearest answer of a codebook where one is near enough, else bands: both learned from benign answers.</summary>
internal sealed class LearnedRelease(ConfidenceBands bands, AnswerCodebook? codebook) : IRelease
{
    public void Apply(ReadOnlySpan<float> inputs, ReadOnlySpan<float> clean, int classCount, Span<float> released)
    {
        for (int row = 0; row < clean.Length; row += classCount)
        {
            ReadOnlySpan<float> answer = clean.Slice(row, classCount);
            Span<float> told = released.Slice(row, classCount);
            if (codebook is null || !codebook.TryRelease(answer, OutputKind.Probabilities, told))
            {
                bands.Release(answer, OutputKind.Probabilities, told);
            }
        }
    }
}
