using MathNet.Numerics;

namespace InferenceShield.Lab;

/// <summary>Tails, intervals and sample sizes of the binomial distribution.</summary>
internal static class BinomialTail
{
    /// <summary>The least p-value that is stated: numbers below it would be lost in a product or an inverse.</summary>
    public const double Smallest = 1e-300;

    private const double Normal95 = 1.959964;

    /// <summary>The probability of at least <paramref name="successes"/> in <paramref name="trials"/>, at least <see cref="Smallest"/>.</summary>
    /// <remarks>Exact to about 12 digits of the result itself, in the far tail too: terms are added from the largest down. Cost: a step a trial.</remarks>
    public static double Upper(int trials, int successes, double chance)
    {
        if (successes <= 0)
        {
            return 1;
        }

        if (successes > trials)
        {
            return Smallest;
        }

        // Below the mean the other tail is the short one.
        if (successes <= trials * chance)
        {
            return 1 - Sum(trials, trials - successes + 1, 1 - chance);
        }

        return Math.Max(Smallest, Sum(trials, successes, chance));
    }

    /// <summary>Wilson's 95 % interval of a share (Wilson 1927), which keeps its level where the share is near 0 or 1.</summary>
    public static (double Low, double High) Interval(int trials, double successes)
    {
        if (trials == 0)
        {
            return (0, 1);
        }

        const double Squared = Normal95 * Normal95;
        double share = successes / trials;
        double middle = (share + (Squared / (2 * trials))) / (1 + (Squared / trials));
        double half = Normal95 / (1 + (Squared / trials)) * Math.Sqrt((share * (1 - share) / trials) + (Squared / (4.0 * trials * trials)));
        return (Math.Max(0, middle - half), Math.Min(1, middle + half));
    }

    /// <summary>The fewest trials that give a p-value with a power of 90 %.</summary>
    /// <param name="rate">The share of successes of what is looked for, above <paramref name="chance"/>.</param>
    /// <param name="chance">The share of what is not.</param>
    /// <param name="pValue">The p-value that is wanted.</param>
    /// <returns>At least 1. Found by the exact tail at the 10 % quantile of successes, which is itself a normal approximation.</returns>
    public static int Needed(double rate, double chance, double pValue)
    {
        const double Quantile = 1.281552;
        int low = 1;
        int high = 1;
        while (!Suffices(high))
        {
            low = high;
            high = checked(high * 2);
        }

        while (low < high)
        {
            int middle = low + ((high - low) / 2);
            (low, high) = Suffices(middle) ? (low, middle) : (middle + 1, high);
        }

        return low;

        bool Suffices(int trials) =>
            Upper(trials, (int)Math.Floor((rate * trials) - (Quantile * Math.Sqrt(trials * rate * (1 - rate)))), chance) <= pValue;
    }

    private static double Sum(int trials, int first, double chance)
    {
        double odds = chance / (1 - chance);
        double term = Math.Exp(SpecialFunctions.BinomialLn(trials, first) + (first * Math.Log(chance)) + ((trials - first) * Math.Log(1 - chance)));
        double sum = term;
        for (int i = first; i < trials && term > sum * 1e-17; i++)
        {
            term *= odds * (trials - i) / (i + 1);
            sum += term;
        }

        return Math.Min(1, sum);
    }
}
