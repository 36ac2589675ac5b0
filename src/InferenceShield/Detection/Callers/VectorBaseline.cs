namespace InferenceShield;

/// <summary>Where honest callers' mean vectors lie after so many queries. Immutable, thread-safe.</summary>
internal sealed class VectorBaseline
{
    private readonly float[] _spreads = [];

    /// <summary>24, or 10 of answers only.</summary>
    public required int Dimension { get; init; }

    public required float[] Mean { get; init; }

    /// <summary>Dimension x dimension, lower triangular by rows: w = L' (v - mean) has covariance 1 over honest callers, and |w|^2 is the
    /// squared Mahalanobis distance. Stored as the matrix W with w = W (v - mean).</summary>
    public required float[] Whitening
    {
        get;
        init
        {
            field = value;
            _spreads = SpreadsOf(value);
        }
    }

    /// <summary>The 99 % quantile of |w| over honest callers.</summary>
    public required float Scale { get; init; }

    /// <summary>|W (v - mean)| / scale.</summary>
    public float Distance(ReadOnlySpan<float> vector)
    {
        Span<float> whitened = stackalloc float[QuerySignals.VectorLength];
        whitened = whitened[..Dimension];
        Whiten(vector, whitened);
        double sum = 0;
        foreach (float w in whitened)
        {
            sum += (double)w * w;
        }

        return (float)(Math.Sqrt(sum) / Scale);
    }

    /// <summary>W (v - mean).</summary>
    public void Whiten(ReadOnlySpan<float> vector, Span<float> whitened)
    {
        Span<float> moved = stackalloc float[QuerySignals.VectorLength];
        moved = moved[..Dimension];
        for (int i = 0; i < moved.Length; i++)
        {
            moved[i] = vector[i] - Mean[i];
        }

        for (int i = 0; i < moved.Length; i++)
        {
            double sum = 0;
            for (int j = 0; j < moved.Length; j++)
            {
                sum += (double)Whitening[(i * moved.Length) + j] * moved[j];
            }

            whitened[i] = (float)sum;
        }
    }

    /// <summary>Standard deviations of the vector's numbers over honest callers: of the diagonal of (W'W)^-1. 0 for a number without spread.</summary>
    /// <remarks>For words about an alarm. Worked out beforehand: the query that raises an alarm must not take the 10 microseconds longer.</remarks>
    public ReadOnlySpan<float> Spreads => _spreads;

    private static float[] SpreadsOf(float[] whitening)
    {
        // Gauss and Jordan, without looking for pivots: W is triangular, and where a number was left out its row and column are 0.
        int n = (int)Math.Sqrt(whitening.Length);
        float[] spreads = new float[n];
        double[] rows = new double[n * n];
        double[] inverse = new double[n * n];
        for (int i = 0; i < n; i++)
        {
            inverse[(i * n) + i] = 1;
        }

        for (int i = 0; i < rows.Length; i++)
        {
            rows[i] = whitening[i];
        }

        for (int pivot = 0; pivot < n; pivot++)
        {
            double divisor = rows[(pivot * n) + pivot];
            if (divisor == 0)
            {
                inverse.AsSpan(pivot * n, n).Clear();
                continue;
            }

            for (int row = 0; row < n; row++)
            {
                double factor = row == pivot ? 0 : rows[(row * n) + pivot] / divisor;
                for (int column = 0; column < n && factor != 0; column++)
                {
                    rows[(row * n) + column] -= factor * rows[(pivot * n) + column];
                    inverse[(row * n) + column] -= factor * inverse[(pivot * n) + column];
                }
            }
        }

        for (int i = 0; i < n; i++)
        {
            double variance = 0;
            double divisor = rows[(i * n) + i];
            for (int column = 0; column < n && divisor != 0; column++)
            {
                double entry = inverse[(i * n) + column] / divisor;
                variance += entry * entry;
            }

            spreads[i] = (float)Math.Sqrt(variance);
        }

        return spreads;
    }
}
