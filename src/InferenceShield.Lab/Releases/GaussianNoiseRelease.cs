using System.Numerics.Tensors;

namespace InferenceShield.Lab;

/// <summary>Normal noise drawn afresh for every answer, clipped at 0 and divided by the sum.</summary>
/// <remarks>Draws follow from the key and from how many answers this release has given before, so a run can be repeated and a
/// question cannot.</remarks>
internal sealed class GaussianNoiseRelease(ulong key, double scale) : IRelease
{
    private long _released;

    public void Apply(ReadOnlySpan<float> inputs, ReadOnlySpan<float> clean, int classCount, Span<float> released)
    {
        int rows = clean.Length / classCount;
        long first = Interlocked.Add(ref _released, rows) - rows;
        for (int row = 0; row < rows; row++)
        {
            SeededRandom random = new(key, (ulong)(first + row));
            Span<float> answer = released.Slice(row * classCount, classCount);
            clean.Slice(row * classCount, classCount).CopyTo(answer);
            foreach (ref float value in answer)
            {
                value = Math.Max(0, value + (float)(scale * random.NextGaussian()));
            }

            float sum = TensorPrimitives.Sum<float>(answer);
            if (sum > 0)
            {
                TensorPrimitives.Divide(answer, sum, answer);
            }
        }
    }
}
