namespace InferenceShield.Lab;

/// <summary>What queries of a bound list that were not asked could have changed: they may have been left out for their answers.</summary>
internal static class LeftOutEntries
{
    /// <summary>The combined p-value of a report if every query that is left out had been asked in each test, and answered as the key does not pick.</summary>
    /// <remarks>
    /// Of tests by signs an upper bound, by Hoeffding's inequality (1963): exp(-(s - l)^2 / 2(q + l)) with matches less mismatches s, squares of the groups'
    /// surpluses q, and l left out, where each query has a bit of its own. Where queries share the bit of a cell, all may lie in the one with the largest surplus.
    /// Tests of labels and by rank keep their p-values. Exact tests without a record show nothing.
    /// </remarks>
    public static double AtWorst(VerificationReport report)
    {
        if (report.Binding is not { LeftOut: > 0 and var leftOut })
        {
            return report.CombinedPValue;
        }

        double asked = Combination.Of(report).PValue;
        double all = Combination.Of(report with { Tests = [.. report.Tests.Select(test => test with { PValue = AtWorst(test, report.Record?.Tests.FirstOrDefault(recorded => recorded.Test == test.Name), leftOut) })] }).PValue;
        return Math.Min(1, all * Math.Max(1, report.CombinedPValue / asked)); // as Holm's adjustment did
    }

    private static double AtWorst(OwnershipTestResult test, RecordedTest? recorded, long leftOut)
    {
        if (test.Method != PValueMethod.Exact || recorded?.Labels is not null || double.IsNaN(test.PValue))
        {
            return test.PValue;
        }

        if (recorded is not { Suspect: { } counts, Picks: { } picks })
        {
            return 1;
        }

        double sum = -leftOut;
        double squares = 0;
        double largest = 0;
        for (int i = 0; i < picks.Length; i++)
        {
            double surplus = counts.First[i] - counts.Second[i];
            sum += picks[i] == '1' ? surplus : -surplus;
            squares += surplus * surplus;
            largest = Math.Max(largest, Math.Abs(surplus));
        }

        squares += recorded.Inputs is not null && largest <= 1 ? leftOut : ((largest + leftOut) * (largest + leftOut)) - (largest * largest);
        return sum <= 0 ? 1 : Math.Max(test.PValue, Math.Exp(-sum * sum / (2 * squares)));
    }
}
