namespace InferenceShield;

/// <summary>How embeddings are released, compiled: the angle of the noise, the digits.</summary>
internal sealed record EmbeddingPlan
{
    public const int MostDigits = 6;

    /// <summary>For errors of float32, a rotation's included.</summary>
    private const double AngleReserve = 1e-5;

    /// <summary>The least budget, besides 0, that rounding to so many digits leaves room for.</summary>
    public static double LeastBudget(int digits) => 1 - Math.Cos(RoundingAngle(digits) + AngleReserve);

    /// <summary>The budget that, with rounding to other digits, leaves noise the same angle; none less than it was.</summary>
    public static double BudgetOfSameNoise(double cosineBudget, int digits, int otherDigits)
    {
        double angle = Math.Acos(1 - cosineBudget) + Math.Max(0, RoundingAngle(otherDigits) - RoundingAngle(digits));
        return Math.Max(1 - Math.Cos(Math.Min(angle, Math.PI / 2)), Math.Max(cosineBudget, LeastBudget(otherDigits))); // whatever the last bit
    }

    /// <param name="cosineBudget">0 (no noise) to 1: the cosine of released and clean vector is at least 1 less this.</param>
    /// <param name="digits">1 to <see cref="MostDigits"/> significant digits of a component of typical size.</param>
    /// <remarks>Rounding is paid for out of the budget, as an angle: noise gets what it leaves. A budget above 0 that rounding
    /// alone could exceed is refused.</remarks>
    public EmbeddingPlan(double cosineBudget, int digits)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(digits, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(digits, MostDigits);
        if (!(cosineBudget is >= 0 and <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(cosineBudget), cosineBudget, "A cosine budget is 0 (no noise) to 1 (orthogonal).");
        }

        double rounding = RoundingAngle(digits);
        double noise = Math.Acos(1 - cosineBudget) - rounding - AngleReserve;
        if (cosineBudget > 0 && noise < 0)
        {
            throw new ArgumentOutOfRangeException(
                nameof(cosineBudget), cosineBudget,
                $"Rounding to {digits} digits may already cost {1 - Math.Cos(rounding + AngleReserve):G3} of cosine. Give a larger budget or more digits, or 0 for no noise.");
        }

        CosineBudget = cosineBudget;
        Digits = digits;
        HasNoise = noise > 0;
        Cosine = HasNoise ? Math.Cos(noise) : 1;
        Sine = HasNoise ? Math.Sin(noise) : 0;
    }

    private static double RoundingAngle(int digits) => Math.Asin(0.5 * Math.Pow(10, 1 - digits));

    public double CosineBudget { get; }

    public int Digits { get; }

    public bool HasNoise { get; }

    /// <summary>Of the angle by which noise turns a vector.</summary>
    public double Cosine { get; }

    /// <summary>See <see cref="Cosine"/>.</summary>
    public double Sine { get; }
}
