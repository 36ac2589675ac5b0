namespace InferenceShield.Lab;

/// <summary>Where inputs lie: a range of each value, and rows drawn from it.</summary>
internal sealed class InputBox
{
    // Enough to make rows linearly independent where values of the pool never change, little enough to stay where the model has seen data.
    private const double Jitter = 0.1;

    private readonly Dataset? _pool;

    /// <summary>The box around a pool; -1 to 1 without one. A value that never changes in the pool gets the width 1.</summary>
    public InputBox(QueryContext context, int inputLength)
    {
        Low = new double[inputLength];
        High = new double[inputLength];
        Array.Fill(Low, -1);
        Array.Fill(High, 1);
        if (context.Pool is not { Count: > 0 } pool)
        {
            return;
        }

        if (pool.Width != inputLength)
        {
            throw new ArgumentException($"Rows of '{pool.Name}' have {pool.Width} values; the model takes {inputLength}.", nameof(context));
        }

        _pool = pool;
        for (int row = 0; row < pool.Count; row++)
        {
            ReadOnlySpan<float> values = pool.GetRow(row);
            for (int i = 0; i < values.Length; i++)
            {
                Low[i] = row == 0 ? values[i] : Math.Min(Low[i], values[i]);
                High[i] = row == 0 ? values[i] : Math.Max(High[i], values[i]);
            }
        }

        for (int i = 0; i < inputLength; i++)
        {
            if (Low[i] == High[i])
            {
                Low[i] -= 0.5;
                High[i] += 0.5;
            }
        }
    }

    public double[] Low { get; }

    public double[] High { get; }

    public double GetWidth(int value) => High[value] - Low[value];

    /// <summary>Rows of the pool, each value moved by up to a tenth of its range and kept in it; without a pool, rows spread over the box.</summary>
    public double[] Draw(int count, ref SeededRandom random) => Draw(count, Jitter, ref random);

    /// <summary>Rows of the pool as they are; without a pool, rows spread over the box.</summary>
    public double[] Pick(int count, ref SeededRandom random) => Draw(count, 0, ref random);

    /// <summary>A number in 0..1, all 53 bits of it random.</summary>
    public static double NextUnit(ref SeededRandom random) => (random.NextUInt64() >> 11) * (1.0 / (1L << 53));

    private double[] Draw(int count, double jitter, ref SeededRandom random)
    {
        double[] rows = new double[count * Low.Length];
        for (int row = 0; row < count; row++)
        {
            ReadOnlySpan<float> values = _pool is null ? default : _pool.GetRow(random.NextInt32(_pool.Count));
            for (int i = 0; i < Low.Length; i++)
            {
                double unit = NextUnit(ref random);
                rows[(row * Low.Length) + i] = _pool is null
                    ? Low[i] + (unit * GetWidth(i))
                    : Math.Clamp(values[i] + (((2 * unit) - 1) * jitter * GetWidth(i)), Low[i], High[i]);
            }
        }

        return rows;
    }
}
