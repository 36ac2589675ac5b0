using System.Globalization;
using InferenceShield.Lab;

namespace InferenceShield.Statistics.Ownership;

/// <summary>The verifier's test of one mark: on the queries that the owner logged, and on rows that nobody was asked. The cosine's needs no log.</summary>
internal sealed class OwnershipTests
{
    public const string Logged = "logged";
    public const string Unseen = "unseen";
    public const string Median = "median";
    public const string Worst = "worst";

    private const int Draws = 21;
    private const int RandomKeyCount = 300;

    /// <summary>Near ties that a sampled evidence list may hold.</summary>
    public static readonly int[] Kept = [10, 30, 60, 100, 250];

    private readonly OwnershipLoot _loot;
    private readonly Dataset _queries;
    private readonly VerificationRequest _request;
    private readonly OwnershipTest _test;
    private readonly OwnershipTest? _unseen;

    /// <param name="loot">What was asked.</param>
    /// <param name="mark">Tested for; none is tested for the cosine.</param>
    public OwnershipTests(OwnershipLoot loot, OwnershipMark mark)
    {
        OwnershipTarget target = loot.Target;
        OwnershipMark tested = mark.Name == OwnershipMark.None ? OwnershipMark.OfCosine(0.05) : mark;
        _loot = loot;
        CleanMeasure = OneHot.Ask(target.Model, target.Measure.Values.Span);
        _queries = tested.IsCosine ? target.Measure : loot.Asked;
        _request = Request(target, tested, loot.Key, _queries);
        _test = Create(_request, tested.IsCosine ? CleanMeasure : loot.Clean);
        _unseen = tested is { IsNearTie: true, Keying: MarkKeying.Cell } ? Create(_request with { Queries = target.Measure }, CleanMeasure) : null;
    }

    /// <summary>Clean answers to the rows that nobody was asked.</summary>
    public float[] CleanMeasure { get; }

    public static VerificationRequest Request(OwnershipTarget target, OwnershipMark mark, MarkKey key, Dataset queries) =>
        new() { Target = target.Model, Key = key, Marks = mark.Create()!, Queries = queries, InputSpace = mark.IsCosine ? target.Space : null, RandomKeys = RandomKeyCount };

    public static OwnershipTest Create(VerificationRequest request, float[] clean) => MarkTests.Create(request, request.Queries, clean, request.Queries.Count).Tests.Single();

    /// <param name="suspect">The model.</param>
    /// <param name="samples">Whether the test is also run on a part of the evidence.</param>
    public IEnumerable<OwnershipFinding> Run(IClassifier suspect, bool samples)
    {
        SuspectAnswers answers = SuspectAnswers.Of(suspect, _queries);
        if (_test.Method == PValueMethod.RandomKeys)
        {
            OwnershipTestResult result = KeyCalibration.Run(_test, _request, answers, []);
            yield return new OwnershipFinding(Logged, result.Answers, result.Statistic, result.Expected, Math.Log10(result.PValue));
            yield break;
        }

        yield return Say(Logged, _test.Read(answers)(_loot.Key));
        foreach (OwnershipFinding finding in samples ? Sample(answers.Labels) : [])
        {
            yield return finding;
        }

        if (_unseen is not null)
        {
            yield return Say(Unseen, _unseen.Read(SuspectAnswers.Of(suspect, _loot.Target.Measure))(_loot.Key));
        }
    }

    /// <summary>The same test on a few of the logged near ties: the median and the worst of some draws.</summary>
    private IEnumerable<OwnershipFinding> Sample(int[] labels)
    {
        int[] ties = [.. Enumerable.Range(0, labels.Length).Where(_test.Uses)];
        SeededRandom random = new(_loot.Seed, stream: 21);
        foreach (int kept in Kept.Where(kept => kept < ties.Length))
        {
            List<OwnershipFinding> found = [];
            for (int draw = 0; draw < Draws; draw++)
            {
                int[] few = new int[labels.Length];
                Array.Fill(few, -1);
                foreach (int tie in random.Choose(ties.Length, kept))
                {
                    few[ties[tie]] = labels[ties[tie]];
                }

                found.Add(Say("", _test.Read(new SuspectAnswers(few, null))(_loot.Key)));
            }

            found.Sort((a, b) => a.LogP.CompareTo(b.LogP));
            yield return found[Draws / 2] with { Test = string.Create(CultureInfo.InvariantCulture, $"{kept} ties {Median}") };
            yield return found[^1] with { Test = string.Create(CultureInfo.InvariantCulture, $"{kept} ties {Worst}") };
        }
    }

    private static OwnershipFinding Say(string test, in TestOutcome outcome) =>
        new(test, outcome.Answers, outcome.Statistic, outcome.Expected, double.IsNaN(outcome.PValue) ? 0 : Math.Log10(outcome.PValue));
}
