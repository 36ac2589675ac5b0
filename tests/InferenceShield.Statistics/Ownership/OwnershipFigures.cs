using System.Globalization;
using InferenceShield.Lab;

namespace InferenceShield.Statistics.Ownership;

/// <summary>Figures of docs/ownership.md, from the CSV files alone.</summary>
internal sealed class OwnershipFigures(IReadOnlyList<OwnershipRow> rows, IReadOnlyList<OwnershipCostRow> costs, IReadOnlyList<OwnershipClaimRow> claims)
{
    private readonly ILookup<(string, string, string, string, int, string), OwnershipRow> _rows =
        rows.ToLookup(row => (row.Target, row.Mark, row.Release, row.Thief, row.Budget, row.Test));

    /// <summary>Suspects that were made and tested.</summary>
    public int Suspects => rows.Select(row => row.Theft).Distinct().Count();

    public IReadOnlyList<OwnershipClaimRow> Claims => claims;

    /// <summary>The files of a repository.</summary>
    public static OwnershipFigures Load(string root)
    {
        string results = Path.Combine(root, "tests", "InferenceShield.Statistics", "results");
        return new(
            OwnershipRow.Read(Path.Combine(results, OwnershipRow.File)), OwnershipCostRow.Read(Path.Combine(results, OwnershipCostRow.File)),
            OwnershipClaimRow.Read(Path.Combine(results, OwnershipClaimRow.File)));
    }

    /// <summary>One test over its seeds; null where it was not run.</summary>
    public OwnershipSummary? Find(string target, string mark, string release, string thief, int budget, string test = OwnershipTests.Logged)
    {
        OwnershipRow[] found = [.. _rows[(target, mark, release, thief, budget, test)]];
        return found.Length == 0 ? null : new OwnershipSummary(found);
    }

    /// <summary>As <see cref="Find"/>, of a test that has to be there.</summary>
    public OwnershipSummary Get(string target, string mark, string release, string thief, int budget, string test = OwnershipTests.Logged) =>
        Find(target, mark, release, thief, budget, test)
        ?? throw new InvalidOperationException($"{OwnershipRow.File} has no row {target},{mark},{release},{thief},{budget},…,{test}. Run the verb ownership.");

    /// <summary>What a mark costs, under each key.</summary>
    public IReadOnlyList<OwnershipCostRow> Costs(string target, string mark) => [.. costs.Where(row => row.Target == target && row.Mark == mark)];

    /// <summary>Share of random keys with p below .01 over all suspects of a kind, in percent, with Wilson's interval.</summary>
    public (double Share, double Low, double High, int Keys) FalseClaims(string target, string suspect, string test)
    {
        OwnershipClaimRow[] found = [.. claims.Where(row => row.Target == target && (suspect.Length == 0 || row.Suspect == suspect) && row.Test == test)];
        int keys = found.Sum(row => row.Keys);
        int below = found.Sum(row => row.Below01);
        (double low, double high) = BinomialTail.Interval(keys, below);
        return (100.0 * below / Math.Max(1, keys), 100 * low, 100 * high, keys);
    }

    /// <summary>A range in percent with two decimals.</summary>
    public static string Percent(IEnumerable<double> shares)
    {
        double[] values = [.. shares.Select(share => 100 * share)];
        return string.Create(CultureInfo.InvariantCulture, $"{values.Average():F2} ({values.Min():F2} to {values.Max():F2})");
    }
}
