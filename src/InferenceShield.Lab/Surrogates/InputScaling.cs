using System.Numerics.Tensors;

namespace InferenceShield.Lab;

/// <summary>Moves and scales the features of a row: what a surrogate has learned of the scale of its inputs.</summary>
internal sealed class InputScaling
{
    private const float SharedRange = 4f;
    private const int ManyFeatures = 64;

    private InputScaling(float[] means, float[] factors)
    {
        Means = means;
        Factors = factors;
    }

    /// <summary>What is subtracted from each feature.</summary>
    public float[] Means { get; }

    /// <summary>By what each feature is multiplied then.</summary>
    public float[] Factors { get; }

    /// <summary>Learns from rows, all of them finite.</summary>
    public static InputScaling Measure(ReadOnlySpan<float> rows, int width, SurrogateScaling scaling)
    {
        float[] means = new float[width];
        float[] factors = new float[width];
        if (scaling == SurrogateScaling.None)
        {
            factors.AsSpan().Fill(1f);
            return new InputScaling(means, factors);
        }

        // Relative to the first row: sums of squares lose no digits to a large offset, and a constant feature has exactly no spread.
        ReadOnlySpan<float> origin = rows[..width];
        double[] sums = new double[width];
        double[] squares = new double[width];
        float[] smallest = origin.ToArray();
        float[] largest = origin.ToArray();
        for (int first = 0; first < rows.Length; first += width)
        {
            ReadOnlySpan<float> row = rows.Slice(first, width);
            for (int i = 0; i < row.Length; i++)
            {
                double value = (double)row[i] - origin[i];
                sums[i] += value;
                squares[i] += value * value;
            }

            TensorPrimitives.Min(smallest, row, smallest);
            TensorPrimitives.Max(largest, row, largest);
        }

        int count = rows.Length / width;
        TensorPrimitives.Subtract(largest, smallest, largest);
        if (scaling == SurrogateScaling.PerFeature || (scaling == SurrogateScaling.Automatic && (width < ManyFeatures || !IsShared(largest))))
        {
            for (int i = 0; i < width; i++)
            {
                double mean = sums[i] / count;
                double spread = Math.Sqrt(Math.Max(0, (squares[i] / count) - (mean * mean)));
                means[i] = (float)(origin[i] + mean);
                factors[i] = spread > 0 ? (float)(1 / spread) : 0f;
            }

            return new InputScaling(means, factors);
        }

        double total = 0;
        for (int i = 0; i < width; i++)
        {
            total += origin[i] + (sums[i] / count);
        }

        double centre = total / width;
        double variance = 0;
        for (int i = 0; i < width; i++)
        {
            // The mean of (value - centre)², from sums that are relative to the origin.
            double offset = origin[i] - centre;
            variance += ((squares[i] + (2 * offset * sums[i])) / count) + (offset * offset);
        }

        double deviation = Math.Sqrt(Math.Max(0, variance / width));
        means.AsSpan().Fill((float)centre);
        factors.AsSpan().Fill(deviation > 0 ? (float)(1 / deviation) : 1f);
        return new InputScaling(means, factors);
    }

    /// <summary>Scales rows.</summary>
    public void Apply(ReadOnlySpan<float> rows, Span<float> scaled)
    {
        int width = Means.Length;
        for (int first = 0; first < rows.Length; first += width)
        {
            Span<float> row = scaled.Slice(first, width);
            TensorPrimitives.Subtract(rows.Slice(first, width), Means, row);
            TensorPrimitives.Multiply(row, Factors, row);
        }
    }

    /// <summary>Whether features have one scale in common. Features that never change say nothing.</summary>
    private static bool IsShared(ReadOnlySpan<float> ranges)
    {
        float[] moving = [.. ranges.ToArray().Where(static range => range > 0).Order()];
        return moving.Length == 0 || moving[^1] <= SharedRange * moving[moving.Length / 2];
    }
}
