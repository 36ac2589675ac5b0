using System.Numerics.Tensors;

namespace InferenceShield.Benchmarks.Support;

/// <summary>64 different rows that take turns: with one row over and over, branch prediction learns it by heart.</summary>
internal sealed class RotatingRows
{
    public const int Count = 64;

    private readonly float[][] _rows;
    private int _next;

    public RotatingRows(Func<int, float[]> makeRow) => _rows = [.. Enumerable.Range(0, Count).Select(makeRow)];

    public IReadOnlyList<float[]> All => _rows;

    /// <summary>The index of the next row.</summary>
    public int NextIndex() => _next = (_next + 1) & (Count - 1);

    /// <summary>The next row.</summary>
    public float[] Next() => _rows[NextIndex()];

    public float[] this[int index] => _rows[index];

    /// <summary>Uniform numbers in 0..1, such as pixels.</summary>
    public static RotatingRows Uniform(int width, int seed)
    {
        Random random = new(seed);
        return new RotatingRows(_ => MakeRow(width, random.NextSingle));
    }

    /// <summary>Gaussian logits with a standard deviation of 3: a confident classifier.</summary>
    public static RotatingRows Logits(int classes, int seed)
    {
        Random random = new(seed);
        return new RotatingRows(_ => MakeRow(classes, () => (float)(3 * NextGaussian(random))));
    }

    /// <summary>The softmax of <see cref="Logits"/>.</summary>
    public static RotatingRows Probabilities(int classes, int seed)
    {
        RotatingRows logits = Logits(classes, seed);
        return new RotatingRows(row => Softmax(logits[row]));
    }

    private static float[] MakeRow(int length, Func<float> next)
    {
        float[] row = new float[length];
        for (int i = 0; i < row.Length; i++)
        {
            row[i] = next();
        }

        return row;
    }

    private static double NextGaussian(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    private static float[] Softmax(float[] logits)
    {
        float[] probabilities = new float[logits.Length];
        TensorPrimitives.Subtract(logits, TensorPrimitives.Max<float>(logits), probabilities);
        TensorPrimitives.SoftMax<float>(probabilities, probabilities);
        return probabilities;
    }
}
