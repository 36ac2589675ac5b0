using InferenceShield.Lab;

namespace InferenceShield.Statistics.Ownership;

/// <summary>Accuses models that carry no mark, or another's, with random keys: how often a test says what it must not.</summary>
internal static class OwnershipClaims
{
    public const int Keys = 300;

    private const double Margin = 0.2;
    private const ulong OtherSeed = 900; // of the key whose mark some suspects carry

    /// <summary>The models that are accused: copies of an unmarked model, copies that carry another's mark, and models that never saw an answer.</summary>
    public static IReadOnlyList<(string Name, string Mark, string Release, string Thief)> Suspects { get; } =
    [
        ("copy of unmarked labels", OwnershipMark.None, MarkedRelease.Labels, OwnershipThieves.Labels),
        ("copy of unmarked scores", OwnershipMark.None, MarkedRelease.Full, OwnershipThieves.Scores),
        ("copy under another key", "near-tie cell 0.2", MarkedRelease.Labels, OwnershipThieves.Labels),
        ("independent", OwnershipMark.None, MarkedRelease.Labels, OwnershipThieves.TrueLabels),
    ];

    private static IReadOnlyList<OwnershipMark> Marks { get; } =
    [
        OwnershipMark.NearTie(MarkKeying.Cell, Margin), OwnershipMark.NearTie(MarkKeying.ExactInput, Margin),
        OwnershipMark.OfPermutation(MarkKeying.Cell), OwnershipMark.OfPermutation(MarkKeying.ExactInput), OwnershipMark.OfTriggers(0.005), OwnershipMark.OfCosine(0.05),
    ];

    /// <summary>One row for each test.</summary>
    public static IEnumerable<OwnershipClaimRow> Run(OwnershipTarget target, string suspect, ulong seed)
    {
        (string name, string mark, string policy, string thief) = Suspects.Single(one => one.Name == suspect);
        using MarkedRelease release = new(target, new OwnershipMark(mark), policy, OtherSeed + seed);
        OwnershipLoot loot = new(target, release, policy != MarkedRelease.Labels, OwnershipExperiment.Few, seed);
        (_, IClassifier model) = OwnershipThieves.Make(thief, loot).Single();
        foreach (OwnershipMark tested in Marks)
        {
            Dataset queries = tested.IsCosine ? target.Measure : loot.Asked;
            VerificationRequest request = OwnershipTests.Request(target, tested, release.Key, queries);
            OwnershipTest test = OwnershipTests.Create(request, tested.IsCosine ? OneHot.Ask(target.Model, queries.Values.Span) : loot.Clean);
            Func<MarkKey, TestOutcome> read = test.Read(SuspectAnswers.Of(model, queries));
            double[] values = new double[Keys];
            for (int i = 0; i < Keys; i++)
            {
                using MarkKey key = RandomKeys.GetMarkKey(seed, i);
                TestOutcome outcome = read(key);
                values[i] = tested.IsCosine ? outcome.Statistic : double.IsNaN(outcome.PValue) ? 1 : outcome.PValue;
            }

            yield return OwnershipClaimRow.Of(target.Name, name, seed, tested.Name, tested.IsCosine ? Normal(values) : values);
        }
    }

    /// <summary>Of statistics, the p that their z would have under the normal distribution: what who reads a z takes it for.</summary>
    private static double[] Normal(double[] statistics)
    {
        double mean = statistics.Average();
        double deviation = Math.Sqrt(statistics.Sum(statistic => (statistic - mean) * (statistic - mean)) / statistics.Length);
        return Array.ConvertAll(statistics, statistic => MathNet.Numerics.SpecialFunctions.Erfc((statistic - mean) / deviation / Math.Sqrt(2)) / 2);
    }
}
