using InferenceShield.Lab;
using InferenceShield.Numerics;

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

    /// <summary>One row for each test.</summary>
    public static IEnumerable<OwnershipClaimRow> Run(OwnershipTarget target, string suspect, ulong seed)
    {
        (string name, string mark, string policy, string thief) = Suspects.Single(one => one.Name == suspect);
        int classes = target.Model.ClassCount;
        using MarkedRelease release = new(target, new OwnershipMark(mark), policy, OtherSeed + seed);
        OwnershipLoot loot = new(target, release, policy != MarkedRelease.Labels, OwnershipExperiment.Few, seed);
        (_, IClassifier model) = OwnershipThieves.Make(thief, loot).Single();
        float[] answers = OneHot.Ask(model, loot.Rows);
        int[] labels = OneHot.Labels(answers, classes);
        Hash128[] exact = release.Digest(loot.Rows, target.Model.InputLength);
        foreach (MarkKeying keying in (MarkKeying[])[MarkKeying.Cell, MarkKeying.ExactInput])
        {
            NearTieTest test = new(
                OutputKind.Probabilities, loot.Clean, classes, Margin, keying, keying == MarkKeying.Cell ? [] : exact);
            yield return OwnershipClaimRow.Of(target.Name, name, seed, OwnershipMark.NearTie(keying, Margin).Name, test.RunRandomKeys(labels, Keys, seed));
            PermutationProbe permutation = new(loot.Clean, classes, keying, keying == MarkKeying.Cell ? [] : exact);
            yield return OwnershipClaimRow.Of(target.Name, name, seed, OwnershipMark.OfPermutation(keying).Name, permutation.RunRandomKeys(answers, classes, Keys, seed));
        }

        // Any digests do: these are of exact inputs, under another key.
        yield return OwnershipClaimRow.Of(
            target.Name, name, seed, "triggers 0.005 calibrated", TriggerProbe.RunRandomKeys(exact, OneHot.Labels(loot.Clean, classes), labels, classes, 0.005, Keys, seed));
        float[] measured = OneHot.Ask(model, target.Measure.Values.Span);
        yield return OwnershipClaimRow.Of(target.Name, name, seed, "cosine", target.Cosines.RunRandomKeys(OneHot.Ask(target.Model, target.Measure.Values.Span), measured, classes));
    }
}
