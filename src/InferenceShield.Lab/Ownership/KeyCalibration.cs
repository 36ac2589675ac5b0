namespace InferenceShield.Lab;

/// <summary>Runs a test under the owner's key, under random keys, and on control models.</summary>
internal static class KeyCalibration
{
    /// <summary>What the share of random keys is counted below.</summary>
    public const double Level = 0.01;

    /// <summary>Random keys in one test.</summary>
    public const int FewestKeys = 300;

    /// <inheritdoc cref="FewestKeys"/>
    public const int MostKeys = 100_000;

    public static OwnershipTestResult Run(OwnershipTest test, VerificationRequest request, SuspectAnswers answers, IReadOnlyList<SuspectAnswers> controls)
    {
        (TestOutcome own, double pValue, double share) = Run(test, request, answers, request.KeysOf(test.Method));
        double[] controlValues = [.. controls.Select(control => Run(test, request, control, request.ControlKeys).PValue)];
        return new OwnershipTestResult(
            test.Name, own.Answers, test.NeededAnswers(request.ExpectedMatch, VerdictRules.Copying), own.Statistic, own.Expected, own.Effect, own.EffectLow, own.EffectHigh,
            test.EffectUnit, pValue, test.Method, request.KeysOf(test.Method), share, controlValues, $"{(own.Answers == 0 ? "None of the answers counts." : test.Note(answers))} {test.Shortage(request.ExpectedMatch, VerdictRules.Copying)}".Trim());
    }

    /// <summary>The share of random keys whose rank among the others is a p-value below <see cref="Level"/>.</summary>
    /// <param name="statistics">Under each of them.</param>
    public static double ShareOf(IEnumerable<double> statistics)
    {
        double[] ordered = [.. statistics.OrderDescending()];
        int below = 0;
        for (int end = 1; end <= ordered.Length; end++)
        {
            bool isLastOfEquals = end == ordered.Length || ordered[end] < ordered[end - 1];
            below = isLastOfEquals && (double)end / (1 + ordered.Length) < Level ? end : below; // with itself, so many are as large
        }

        return below / (double)ordered.Length;
    }

    private static (TestOutcome Own, double PValue, double Share) Run(OwnershipTest test, VerificationRequest request, SuspectAnswers answers, int keys)
    {
        Func<MarkKey, TestOutcome> read = test.Read(answers);
        TestOutcome own = read(request.Key);
        if (own.Answers == 0)
        {
            return (own, double.NaN, double.NaN);
        }

        TestOutcome[] random = new TestOutcome[keys];
        for (int i = 0; i < random.Length; i++)
        {
            using MarkKey key = RandomKeys.GetMarkKey(request.Seed, i);
            random[i] = read(key);
        }

        if (test.Method == PValueMethod.Exact)
        {
            return (own, own.PValue, random.Count(outcome => outcome.PValue < Level) / (double)random.Length);
        }

        // Keys near the true one fit a marked model somewhat, so the statistic has no known tail; its rank among the keys is a p-value whatever the tail is.
        double mean = random.Average(outcome => outcome.Statistic);
        double deviation = Math.Sqrt(random.Average(outcome => Math.Pow(outcome.Statistic - mean, 2)));
        int extreme = random.Count(outcome => outcome.Statistic >= own.Statistic);
        double share = ShareOf(random.Select(static outcome => outcome.Statistic));
        own = own with
        {
            Statistic = deviation > 0 ? (own.Statistic - mean) / deviation : 0,
            Expected = 0,
            EffectLow = deviation > 0 ? ((own.Statistic - mean) / deviation) - 1.959964 : double.NaN,
            EffectHigh = deviation > 0 ? ((own.Statistic - mean) / deviation) + 1.959964 : double.NaN,
        };
        return (own, (1.0 + extreme) / (1 + random.Length), share);
    }
}
