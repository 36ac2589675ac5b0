using System.Globalization;

namespace InferenceShield.Lab;

/// <summary>What answers can show where all that lie in one cell share one bit of the key.</summary>
/// <remarks>
/// More answers in the same cells make each cell's majority surer; they make no new bits. So answers are counted as cells: a copy's majority in a cell is
/// what the key picks with the chance that its answers there, each repeated by itself, give; and of cells of unequal size as many count as equal ones would
/// have the same variance (Kish, Survey Sampling, 1965). Where even sure cells are too few, no number of answers suffices.
/// </remarks>
internal static class CellPower
{
    /// <summary>No number of answers in these cells suffices.</summary>
    public const int Never = int.MaxValue;

    private const int MostInCell = 1 << 16;

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

        if (!Suffices(MostInCell - 1))
        {
            return Never;
        }

        // Odd numbers have a majority always.
        int low = 0;
        int high = (MostInCell / 2) - 1;
        while (low < high)
        {
            int middle = low + ((high - low) / 2);
            (low, high) = Suffices((2 * middle) + 1) ? (low, middle) : (middle + 1, high);
        }

        return (int)Math.Min(Never, ((2L * low) + 1) * sizes.Count);

        bool Suffices(int answers) => BinomialTail.Needed(Math.Min(1, BinomialTail.Upper(answers, (answers + 1) / 2, match)), 0.5, pValue) <= EqualCells(sizes);
    }

    /// <summary>What to say where no number of answers suffices; empty where one does.</summary>
    public static string Shortage(IReadOnlyList<int> sizes, double match, double pValue)
    {
        if (sizes.Count == 0 || Needed(sizes, match, pValue) != Never)
        {
            return "";
        }

        double least = Math.Max(BinomialTail.Smallest, Math.Pow(2, -sizes.Count));
        return least > pValue
            ? string.Create(CultureInfo.InvariantCulture, $"The cells at hand cannot give less than p = {least:0.0e+0}: use queries of more label pairs, or ExactInput.")
            : string.Create(CultureInfo.InvariantCulture, $"The {sizes.Count} cells at hand weigh as much as {EqualCells(sizes):0} equal ones, and more queries in them do not give p = {pValue:0.0e+0} with a power of 90 %: use queries of more label pairs, or ExactInput.");
    }

    private static double EqualCells(IReadOnlyList<int> sizes)
    {
        double sum = sizes.Sum(static size => (double)size);
        return sum * sum / sizes.Sum(static size => (double)size * size);
    }
}
