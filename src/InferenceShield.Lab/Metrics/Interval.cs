namespace InferenceShield.Lab;

/// <summary>A mean and the interval that holds the true one with a probability of 95 %.</summary>
/// <param name="Mean">The mean of what was seen.</param>
/// <param name="Low">The lower end; null where one value says nothing of it.</param>
/// <param name="High">The upper end.</param>
/// <param name="Count">Values that were seen.</param>
public readonly record struct Interval(double Mean, double? Low, double? High, int Count)
{
    private const int Draws = 2000;

    /// <summary>97.5 % quantiles of Student's t for 1 to 30 degrees of freedom.</summary>
    private static ReadOnlySpan<double> Student =>
    [
        12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281,
        2.2010, 2.1788, 2.1604, 2.1448, 2.1314, 2.1199, 2.1098, 2.1009, 2.0930, 2.0860,
        2.0796, 2.0739, 2.0687, 2.0639, 2.0595, 2.0555, 2.0518, 2.0484, 2.0452, 2.0423,
    ];

    /// <summary>The interval over a few independent runs, such as seeds, by Student's t.</summary>
    /// <param name="values">One value of each run, at least one.</param>
    public static Interval OfRuns(ReadOnlySpan<double> values)
    {
        double mean = Average(values);
        double squares = 0;
        foreach (double value in values)
        {
            squares += (value - mean) * (value - mean);
        }

        int freedom = values.Length - 1;
        double? half = freedom == 0 ? null : GetQuantile(freedom) * Math.Sqrt(squares / freedom / values.Length);
        return new Interval(mean, mean - half, mean + half, values.Length);
    }

    /// <summary>The interval over many rows of one run, by the percentiles of 2,000 bootstrap means (Efron, 1979).</summary>
    /// <param name="values">One value of each row, at least one, of any distribution.</param>
    /// <param name="seed">The resamples follow from it.</param>
    /// <remarks>Says nothing of how another run would differ. Cost: 2,000 draws a row.</remarks>
    public static Interval OfRows(ReadOnlySpan<double> values, ulong seed)
    {
        double mean = Average(values);
        SeededRandom random = new(seed, stream: 14);
        double[] means = new double[Draws];
        for (int draw = 0; draw < Draws; draw++)
        {
            double sum = 0;
            for (int i = 0; i < values.Length; i++)
            {
                sum += values[random.NextInt32(values.Length)];
            }

            means[draw] = sum / values.Length;
        }

        Array.Sort(means);
        return new Interval(mean, means[Draws / 40], means[Draws - 1 - (Draws / 40)], values.Length);
    }

    private static double Average(ReadOnlySpan<double> values)
    {
        if (values.IsEmpty)
        {
            throw new ArgumentException("There are no values to average.", nameof(values));
        }

        double sum = 0;
        foreach (double value in values)
        {
            sum += value;
        }

        return sum / values.Length;
    }

    /// <summary>Above 30 degrees by the first two terms of Fisher's expansion about the normal quantile, good to .0001 there.</summary>
    private static double GetQuantile(int freedom)
    {
        const double Normal = 1.959964;
        const double Cube = Normal * Normal * Normal;
        return freedom <= Student.Length
            ? Student[freedom - 1]
            : Normal + ((Cube + Normal) / (4.0 * freedom)) + (((5 * Cube * Normal * Normal) + (16 * Cube) + (3 * Normal)) / (96.0 * freedom * freedom));
    }
}
