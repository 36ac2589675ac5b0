using System.Globalization;
using MathNet.Numerics;

namespace InferenceShield.Lab;

/// <summary>What answers can show where all that lie in one cell share one bit of the key.</summary>
/// <remarks>
/// More answers in the same cells make each cell's majority surer; they make no new bits. So copies are drawn: answers to some of the queries,
/// or to all and to more of their kind, each repeated by itself, and the test is made of them. By <see cref="SignSum"/> as in a report, or, where that takes long, by a normal distribution,
/// whose tail is the longer one. Cells all of whose bits together are too few suffice with no number of answers. The same arguments give the same result.
/// Cost: some hundred draws for each of some twenty numbers of answers, a draw some steps an answer and at most 2^22 to test it.
/// </remarks>
internal static class CellPower
{
    /// <summary>No number of answers in these cells suffices.</summary>
    public const int Never = int.MaxValue;

    private const int Draws = 200;
    private const int MostMisses = Draws / 10;
    private const int MostInCell = 1 << 12;
    private const int MostAnswers = 1 << 20;
    private const long MostWork = 1L << 22;

    /// <summary>The answers that give a p-value with a power of 90 %; <see cref="Never"/> if none do.</summary>
    /// <param name="sizes">Queries in each cell.</param>
    /// <param name="match">The share of answers that a copy repeats.</param>
    /// <param name="pValue">The p-value that is wanted.</param>
    public static int Needed(IReadOnlyList<int> sizes, double match, double pValue)
    {
        if (sizes.Count == 0)
        {
            return BinomialTail.Needed(match, 0.5, pValue); // as if each had a cell of its own
        }

        if (Least(sizes) > pValue)
        {
            return Never;
        }

        int[] rows = [.. sizes.SelectMany(static (size, cell) => Enumerable.Repeat(cell, size))];
        int most = (int)Math.Min(MostAnswers, (long)MostInCell * sizes.Count);
        int low = Math.Min(most, Math.Max(1, (int)Math.Ceiling(-Math.Log2(pValue))) - 1); // fewer have too few bits
        int high = low + 1;
        while (!Suffices(rows, sizes.Count, high, match, pValue))
        {
            if (high >= most)
            {
                return Never;
            }

            (low, high) = (high, Math.Min(most, 2 * high));
        }

        while (high - low > 1 + (high / 100)) // the power is known no better
        {
            int middle = low + ((high - low) / 2);
            (low, high) = Suffices(rows, sizes.Count, middle, match, pValue) ? (low, middle) : (middle, high);
        }

        return high;
    }

    /// <summary>What to say where no number of answers suffices; empty where one does.</summary>
    public static string Shortage(IReadOnlyList<int> sizes, double match, double pValue)
    {
        if (sizes.Count == 0 || Needed(sizes, match, pValue) != Never)
        {
            return "";
        }

        return Least(sizes) > pValue
            ? string.Create(CultureInfo.InvariantCulture, $"The cells at hand cannot give less than p = {Least(sizes):0.0e+0}: use queries of more label pairs, or ExactInput.")
            : string.Create(CultureInfo.InvariantCulture, $"More queries in the {sizes.Count} cells at hand do not give p = {pValue:0.0e+0} with a power of 90 % on a copy that repeats {100 * match:0} % of marked answers: use queries of more label pairs, or ExactInput.");
    }

    /// <summary>The p-value of a suspect that answers all cells as the key picks.</summary>
    private static double Least(IReadOnlyList<int> sizes) => Math.Max(BinomialTail.Smallest, Math.Pow(2, -sizes.Count));

    /// <summary>Whether nine of ten copies that are drawn reach the p-value.</summary>
    /// <param name="rows">The cell of each query, in any order, which changes.</param>
    /// <param name="cells">How many.</param>
    /// <param name="answers">Those to as many queries, and if there are fewer, to more of their kind.</param>
    /// <param name="match">As for <see cref="Needed"/>.</param>
    /// <param name="pValue">As for <see cref="Needed"/>.</param>
    private static bool Suffices(int[] rows, int cells, int answers, double match, double pValue)
    {
        int[] counts = new int[cells];
        int[] surplus = new int[cells];
        int misses = 0;
        for (int draw = 0; draw < Draws && misses <= MostMisses; draw++)
        {
            SeededRandom random = new(seed: 1, stream: (ulong)draw);
            long sum = 0;
            Array.Clear(counts);
            for (int i = 0; i < answers; i++)
            {
                int other = random.NextInt32(rows.Length - (i < rows.Length ? i : 0));
                if (i < rows.Length)
                {
                    (rows[i], rows[i + other]) = (rows[i + other], rows[i]); // none is asked twice
                    other = i;
                }

                counts[rows[other]]++;
            }

            for (int cell = 0; cell < counts.Length; cell++)
            {
                int net = (2 * Matches(ref random, counts[cell], match)) - counts[cell];
                sum += net;
                surplus[cell] = Math.Abs(net);
            }

            misses += Reaches(surplus, sum, pValue) ? 0 : 1;
        }

        return misses <= MostMisses;
    }

    private static int Matches(ref SeededRandom random, int count, double match)
    {
        double variance = count * match * (1 - match);
        if (variance > 50)
        {
            return (int)Math.Clamp(Math.Round((count * match) + (Math.Sqrt(variance) * random.NextGaussian())), 0, count);
        }

        int matches = 0;
        for (int i = 0; i < count; i++)
        {
            matches += random.NextUnit() <= match ? 1 : 0;
        }

        return matches;
    }

    private static bool Reaches(int[] surplus, long sum, double pValue)
    {
        long total = 0;
        double squares = 0;
        int count = 0;
        foreach (int one in surplus)
        {
            total += one;
            squares += (double)one * one;
            count += one > 0 ? 1 : 0;
        }

        return sum > 0 && Math.Max(BinomialTail.Smallest, Math.Pow(2, -count)) <= pValue
            && (sum * (double)sum >= -2 * Math.Log(pValue) * squares // Hoeffding's bound, so that most draws need no more
                || (total * count <= MostWork ? new SignSum(surplus).Upper(sum) : SpecialFunctions.Erfc(sum / Math.Sqrt(2 * squares)) / 2) <= pValue);
    }
}
