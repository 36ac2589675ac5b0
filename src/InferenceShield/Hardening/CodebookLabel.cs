using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>The centroids of one label, class by class, as the search reads them.</summary>
internal sealed class CodebookLabel
{
    /// <summary>In all labels together: 64 MiB.</summary>
    public const int MaximumNumbers = 1 << 24;

    /// <param name="centroids">In grid steps; each sums to 1.</param>
    /// <param name="classes">How many numbers each has.</param>
    public CodebookLabel(List<int[]> centroids, int classes)
    {
        Count = centroids.Count;
        Stride = NearestColumns.PaddedCount(Count);
        Columns = new float[Stride * classes];

        // Places that are no centroid are infinitely far from everything.
        Array.Fill(Columns, float.PositiveInfinity);
        for (int i = 0; i < Columns.Length; i++)
        {
            if (i % Stride < Count)
            {
                Columns[i] = ReleaseGrid.ToFloat(centroids[i % Stride][i / Stride]);
            }
        }
    }

    public int Count { get; }

    public int Stride { get; }

    public float[] Columns { get; }

    public static long Numbers(int count, int classes) => (long)NearestColumns.PaddedCount(count) * classes;

    public float Value(int centroid, int index) => Columns[(index * Stride) + centroid];
}
