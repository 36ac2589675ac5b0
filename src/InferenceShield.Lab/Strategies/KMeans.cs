using System.Numerics.Tensors;

namespace InferenceShield.Lab;

/// <summary>Groups rows by their nearest of k centres: Lloyd's iterations from k-means++ seeds (Arthur and Vassilvitskii, SODA 2007).</summary>
internal static class KMeans
{
    private const int Iterations = 10;

    /// <summary>Centres are found on no more rows than this; all rows are then given to the nearest.</summary>
    private const int Sample = 5_000;

    /// <summary>The cluster of each row. Some clusters may be empty.</summary>
    public static int[] Assign(Dataset rows, int clusters, ulong seed, CancellationToken cancellationToken)
    {
        SeededRandom random = new(seed, stream: 19);
        Dataset sample = rows.Select(random.Choose(rows.Count, Sample));
        float[] centres = Seed(sample, clusters, ref random);
        for (int iteration = 0; iteration < Iterations; iteration++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Average(sample, AssignNearest(sample, centres), centres);
        }

        return AssignNearest(rows, centres);
    }

    private static float[] Seed(Dataset rows, int clusters, ref SeededRandom random)
    {
        float[] centres = new float[clusters * rows.Width];
        double[] nearest = new double[rows.Count];
        nearest.AsSpan().Fill(double.MaxValue);
        int chosen = random.NextInt32(rows.Count);
        for (int cluster = 0; cluster < clusters; cluster++)
        {
            Span<float> centre = centres.AsSpan(cluster * rows.Width, rows.Width);
            rows.GetRow(chosen).CopyTo(centre);
            double total = 0;
            for (int row = 0; row < rows.Count; row++)
            {
                double distance = TensorPrimitives.Distance(rows.GetRow(row), centre);
                nearest[row] = Math.Min(nearest[row], distance * distance);
                total += nearest[row];
            }

            // The next centre is drawn in proportion to the squared distance from those there are.
            double mark = random.NextShare() * total;
            for (chosen = 0; chosen < rows.Count - 1 && (mark -= nearest[chosen]) >= 0; chosen++)
            {
            }
        }

        return centres;
    }

    private static int[] AssignNearest(Dataset rows, float[] centres)
    {
        int[] assigned = new int[rows.Count];
        for (int row = 0; row < assigned.Length; row++)
        {
            float nearest = float.PositiveInfinity;
            for (int at = 0; at < centres.Length; at += rows.Width)
            {
                float distance = TensorPrimitives.Distance(rows.GetRow(row), centres.AsSpan(at, rows.Width));
                (assigned[row], nearest) = distance < nearest ? (at / rows.Width, distance) : (assigned[row], nearest);
            }
        }

        return assigned;
    }

    /// <summary>Moves each centre to the mean of its rows; one without rows stays.</summary>
    private static void Average(Dataset rows, int[] assigned, float[] centres)
    {
        float[] sums = new float[centres.Length];
        int[] counts = new int[centres.Length / rows.Width];
        for (int row = 0; row < assigned.Length; row++)
        {
            Span<float> sum = sums.AsSpan(assigned[row] * rows.Width, rows.Width);
            TensorPrimitives.Add(sum, rows.GetRow(row), sum);
            counts[assigned[row]]++;
        }

        for (int cluster = 0; cluster < counts.Length; cluster++)
        {
            if (counts[cluster] > 0)
            {
                TensorPrimitives.Divide(
                    sums.AsSpan(cluster * rows.Width, rows.Width), counts[cluster], centres.AsSpan(cluster * rows.Width, rows.Width));
            }
        }
    }
}
