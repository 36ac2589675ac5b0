namespace InferenceShield;

/// <summary>Hardens one row of real values (embedding, regression): few significant digits.</summary>
internal static class ValueHardening
{
    /// <summary>Covers denormal floats (1e-45) with six digits.</summary>
    private const int LargestExponent = 60;

    private static readonly double[] s_powers = MakePowers();

    /// <param name="digits">1 to 6.</param>
    /// <param name="clean">The model's values.</param>
    /// <param name="released">As long; may be the same span. Not written if the row is faulty.</param>
    /// <param name="fault">What is wrong with the row.</param>
    /// <returns>False if the row cannot be released.</returns>
    public static bool TryHarden(int digits, ReadOnlySpan<float> clean, Span<float> released, out OutputFault fault)
    {
        for (int i = 0; i < clean.Length; i++)
        {
            if (!float.IsFinite(clean[i]))
            {
                fault = OutputFault.NotFinite(i, clean[i]);
                return false;
            }
        }

        for (int i = 0; i < clean.Length; i++)
        {
            released[i] = Round(clean[i], digits);
        }

        fault = default;
        return true;
    }

    /// <summary>Rounds to significant digits, ties to even; zero stays zero, and nothing becomes infinite.</summary>
    public static float Round(float value, int digits)
    {
        if (value == 0)
        {
            return 0;
        }

        int exponent = digits - 1 - (int)Math.Floor(Math.Log10(Math.Abs((double)value)));
        double scaled = exponent >= 0 ? value * Power(exponent) : value / Power(-exponent);
        double rounded = Math.Round(scaled);
        double result = exponent >= 0 ? rounded / Power(exponent) : rounded * Power(-exponent);
        return (float)Math.Clamp(result, float.MinValue, float.MaxValue);
    }

    private static double Power(int exponent) => s_powers[exponent];

    private static double[] MakePowers()
    {
        double[] powers = new double[LargestExponent + 1];
        for (int i = 0; i < powers.Length; i++)
        {
            powers[i] = Math.Pow(10, i);
        }

        return powers;
    }
}
