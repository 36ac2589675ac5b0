namespace InferenceShield.Statistics.Efficacy;

/// <summary>A mean over seeds and half the width of its 95 % interval by Student's t; NaN for one seed.</summary>
internal readonly record struct SeedInterval(double Mean, double HalfWidth)
{
    // Two-sided 95 % points for 1, 2, ... degrees of freedom.
    private static readonly double[] s_student = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262];

    public static SeedInterval Of(ReadOnlySpan<double> values)
    {
        double mean = 0;
        foreach (double value in values)
        {
            mean += value / values.Length;
        }

        double squares = 0;
        foreach (double value in values)
        {
            squares += (value - mean) * (value - mean);
        }

        return values.Length < 2
            ? new SeedInterval(mean, double.NaN)
            : new SeedInterval(mean, s_student[Math.Min(values.Length - 2, s_student.Length - 1)] * Math.Sqrt(squares / (values.Length - 1) / values.Length));
    }
}
