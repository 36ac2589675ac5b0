namespace InferenceShield.Numerics;

/// <summary>How often so many heads, or more, come by chance.</summary>
internal static class HeadsTail
{
    private const double Negligible = 1e-17;

    /// <summary>The chance of <paramref name="heads"/> or more in so many tosses: the sum of the exact terms, from the first on.</summary>
    /// <param name="heads">0 to <paramref name="tosses"/>.</param>
    /// <param name="tosses">0 or more.</param>
    /// <param name="chance">Of heads; between 0 and 1.</param>
    /// <remarks>1e-10 of itself, as far down as a double goes; 0 below. Takes time in proportion to the tosses.</remarks>
    public static double Of(long heads, long tosses, double chance)
    {
        if (heads <= 0)
        {
            return 1;
        }

        // The logarithm of the first term, as a sum over the shorter side.
        long shorter = Math.Min(heads, tosses - heads);
        double logTerm = (heads * Math.Log(chance)) + ((tosses - heads) * Math.Log(1 - chance));
        for (long i = 1; i <= shorter; i++)
        {
            logTerm += Math.Log((double)(tosses - shorter + i) / i);
        }

        double odds = chance / (1 - chance);
        double term = 1;
        double sum = 1;
        for (long i = heads; i < tosses && (term > Negligible * sum || i < tosses * chance); i++)
        {
            term *= (tosses - i) / (i + 1.0) * odds;
            sum += term;
        }

        return Math.Min(1, Math.Exp(logTerm + Math.Log(sum)));
    }
}
