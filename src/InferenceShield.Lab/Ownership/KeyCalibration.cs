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
        string shortage = pValue <= VerdictRules.Copying ? "" : test.Shortage(request.ExpectedMatch, VerdictRules.Copying); // of what was reached nothing is short
        return new OwnershipTestResult(
            test.Name, own.Answers, test.NeededAnswers(request.ExpectedMatch, VerdictRules.Copying), own.Statistic, own.Expected, own.Effect, own.EffectLow, own.EffectHigh,
            test.EffectUnit, pValue, test.Method, request.KeysOf(test.Method), share, controlValues, $"{(own.Answers == 0 ? "None of the answers counts." : test.Note(answers))} {shortage}".Trim());
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

    /// <summary>A statistic among those under random keys: z, the p-value of its rank, and the share of the keys whose own rank is a p-value below <see cref="Level"/>.</summary>
    /// <remarks>Keys near the true one fit a marked model somewhat, so the statistic has no known tail; its rank among the keys is a p-value whatever the tail is.</remarks>
    public static (double Z, double PValue, double Share) Rank(double own, double[] random)
    {
        double mean = random.Average();
        double deviation = Math.Sqrt(random.Average(value => Math.Pow(value - mean, 2)));
        return (deviation > 0 ? (own - mean) / deviation : 0, (1.0 + random.Count(value => value >= own)) / (1 + random.Length), ShareOf(random));
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

        (double z, double pValue, double share) = Rank(own.Statistic, [.. random.Select(static outcome => outcome.Statistic)]);
        own = own with { Statistic = z, Expected = 0, EffectLow = z - 1.959964, EffectHigh = z + 1.959964 };
        return (own, pValue, share);
    }
}
