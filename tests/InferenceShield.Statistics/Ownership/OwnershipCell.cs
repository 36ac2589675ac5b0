using InferenceShield.Lab;

namespace InferenceShield.Statistics.Ownership;

/// <summary>One theft and the tests of what came of it.</summary>
internal sealed record OwnershipCell(string Target, OwnershipMark Mark, string Release, string Thief, int Budget, ulong Seed)
{
    /// <summary>Whether the rows of all its suspects are there.</summary>
    public bool IsIn(IReadOnlySet<(string, string, string, string, int, ulong)> done) =>
        OwnershipThieves.SuspectsOf(Thief).All(suspect => done.Contains((Target, Mark.Name, Release, suspect, Budget, Seed)));

    /// <summary>Whether the question is asked how much evidence suffices.</summary>
    private bool IsSampled => Mark is { IsNearTie: true, Size: 0.2 } && Release == MarkedRelease.Labels && Thief is (OwnershipThieves.Labels or OwnershipThieves.Regularised);

    public IEnumerable<OwnershipRow> Run(OwnershipTarget target)
    {
        using MarkedRelease release = new(target, Mark, Release, Seed);
        OwnershipLoot loot = new(target, release, Release != MarkedRelease.Labels, Budget, Seed);
        OwnershipTests tests = new(loot, Mark);
        foreach ((string name, IClassifier suspect) in OwnershipThieves.Make(Thief, loot))
        {
            float[] answers = OneHot.Ask(suspect, target.Measure.Values.Span);
            CopyMetrics copy = CopyMetrics.Measure(tests.CleanMeasure, answers, target.Measure.Labels.Span, target.Model.ClassCount);
            foreach (OwnershipFinding found in tests.Run(suspect, IsSampled))
            {
                yield return new OwnershipRow(
                    Target, Mark.Name, Release, name, Budget, Seed, found.Test, found.Answers, found.Statistic, found.Expected, found.LogP, copy.Accuracy!.Value, copy.Agreement);
            }
        }
    }
}
