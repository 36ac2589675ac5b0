using System.Globalization;
using InferenceShield.Lab;
using InferenceShield.Numerics;

namespace InferenceShield.Statistics.Ownership;

/// <summary>The owner's tests of one mark: on the queries that he logged, and on rows that nobody was asked. The cosine's needs no log.</summary>
internal sealed class OwnershipTests
{
    public const string Logged = "logged";
    public const string Unseen = "unseen";
    public const string Calibrated = "calibrated";
    public const string Median = "median";
    public const string Worst = "worst";

    private const int Draws = 21;

    /// <summary>Near ties that a sampled evidence list may hold.</summary>
    public static readonly int[] Kept = [10, 30, 60, 100, 250];

    private readonly OwnershipLoot _loot;
    private readonly OwnershipMark _mark;
    private readonly NearTieTest? _logged;
    private readonly NearTieTest? _unseen;
    private readonly PermutationProbe? _permutation;
    private readonly Hash128[] _triggers = [];

    public OwnershipTests(OwnershipLoot loot, MarkedRelease release, OwnershipMark mark)
    {
        _loot = loot;
        _mark = mark;
        CleanMeasure = OneHot.Ask(loot.Target.Model, loot.Target.Measure.Values.Span);
        if (mark.IsNearTie)
        {
            Hash128[] inputs = mark.Keying == MarkKeying.ExactInput ? release.Digest(loot.Rows, loot.Target.Model.InputLength) : [];
            _logged = NearTie(loot.Clean, inputs);
            _unseen = mark.Keying == MarkKeying.Cell ? NearTie(CleanMeasure, []) : null;
        }

        if (mark.IsPermutation)
        {
            Hash128[] inputs = mark.Keying == MarkKeying.ExactInput ? release.Digest(loot.Rows, loot.Target.Model.InputLength) : [];
            _permutation = new PermutationProbe(loot.Clean, loot.Target.Model.ClassCount, mark.Keying, inputs);
        }

        if (mark.IsTriggers)
        {
            _triggers = release.Quantise(loot.Rows, loot.Target.Model.InputLength);
        }
    }

    /// <summary>Clean answers to the rows that nobody was asked.</summary>
    public float[] CleanMeasure { get; }

    /// <param name="suspect">The model.</param>
    /// <param name="measured">Its answers to the rows that nobody was asked.</param>
    /// <param name="samples">Whether the test is also run on a part of the evidence.</param>
    public IEnumerable<OwnershipFinding> Run(IClassifier suspect, float[] measured, bool samples)
    {
        int classes = suspect.ClassCount;
        float[] answers = OneHot.Ask(suspect, _loot.Rows);
        if (_logged is not null)
        {
            int[] labels = OneHot.Labels(answers, classes);
            SipHashKey key = _loot.Key.NearTies;
            yield return Say(Logged, _logged.Run(key, labels));
            foreach (OwnershipFinding finding in samples ? Sample(key, labels) : [])
            {
                yield return finding;
            }
        }

        if (_permutation is not null)
        {
            yield return Say(Logged, _permutation.Test(_loot.Key.Permutations, answers, classes));
        }

        if (_mark.IsTriggers)
        {
            int[] top = OneHot.Labels(_loot.Clean, classes);
            int[] labels = OneHot.Labels(answers, classes);
            yield return TriggerProbe.Published(_loot.Key.Triggers, _triggers, top, labels, classes, _mark.Size);
            yield return TriggerProbe.Calibrated(_loot.Key.Triggers, _triggers, top, labels, classes, _mark.Size);
        }

        if (_mark.IsCosine || _mark.Name == OwnershipMark.None)
        {
            (double z, double p) = _loot.Target.Cosines.Test(_loot.Key, CleanMeasure, measured, classes);
            yield return new OwnershipFinding(Logged, _loot.Target.Measure.Count, z, 0, Math.Log10(p));
        }

        if (_unseen is not null)
        {
            yield return Say(Unseen, _unseen.Run(_loot.Key.NearTies, OneHot.Labels(measured, classes)));
        }
    }

    /// <summary>The same test on a few of the logged near ties: the median and the worst of some draws.</summary>
    private IEnumerable<OwnershipFinding> Sample(SipHashKey key, int[] labels)
    {
        int[] ties = [.. Enumerable.Range(0, labels.Length).Where(_logged!.Uses)];
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

                found.Add(Say("", _logged!.Run(key, few)));
            }

            found.Sort((a, b) => a.LogP.CompareTo(b.LogP));
            yield return found[Draws / 2] with { Test = string.Create(CultureInfo.InvariantCulture, $"{kept} ties {Median}") };
            yield return found[^1] with { Test = string.Create(CultureInfo.InvariantCulture, $"{kept} ties {Worst}") };
        }
    }

    private NearTieTest NearTie(float[] clean, Hash128[] inputs) => new(OutputKind.Probabilities, clean, _loot.Target.Model.ClassCount, _mark.Size, _mark.Keying, inputs);

    private static OwnershipFinding Say(string test, in TestOutcome outcome) =>
        new(test, outcome.Answers, outcome.Statistic, outcome.Expected, double.IsNaN(outcome.PValue) ? 0 : Math.Log10(outcome.PValue));
}
