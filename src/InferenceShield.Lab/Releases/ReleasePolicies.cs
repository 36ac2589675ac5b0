using System.Globalization;

namespace InferenceShield.Lab;

/// <summary>The policies of the shield that reports compare, ready made.</summary>
/// <remarks>What is learned from benign answers is no secret of a key: a thief who makes the same release under a key of his own has
/// the learned numbers too, which he could read off the answers anyway.</remarks>
public static class ReleasePolicies
{
    /// <summary>The default of a normal caller: two decimals that sum to 1, with one strict maximum.</summary>
    /// <param name="classCount">Classes of the model.</param>
    public static ReleasePolicy Normal(int classCount) => ReleasePolicy.OfShield("normal", classCount, static _ => { });

    /// <summary>The default of a guarded caller, learned: eight bands of confidence, an edge at .9, and the runner-up's name.</summary>
    /// <param name="classCount">Classes of the model.</param>
    /// <param name="benign">Clean probabilities of benign queries, row after row; some thousand. None is kept.</param>
    public static ReleasePolicy Guarded(int classCount, ReadOnlySpan<float> benign) => OfBands("guarded", classCount, benign, 8, namesRunnerUp: true);

    /// <summary>The default of a restricted caller: the label only.</summary>
    /// <param name="classCount">Classes of the model.</param>
    public static ReleasePolicy Restricted(int classCount) =>
        ReleasePolicy.OfShield("restricted", classCount, static options => options.Release = Release.LabelOnly);

    /// <summary>The label only, under the name by which it is compared.</summary>
    /// <param name="classCount">Classes of the model.</param>
    public static ReleasePolicy LabelOnly(int classCount) =>
        ReleasePolicy.OfShield("label only", classCount, static options => options.Release = Release.LabelOnly);

    /// <summary>Probabilities rounded so that they still sum to 1 and have one strict maximum.</summary>
    /// <param name="classCount">Classes of the model.</param>
    /// <param name="decimals">1 to 5. Default: 2.</param>
    public static ReleasePolicy Round(int classCount, int decimals = 2) =>
        ReleasePolicy.OfShield(Name($"round {decimals}"), classCount, options => options.Decimals = decimals);

    /// <summary>Noise that is a function of the key and the answer's cell, then rounding: the same on every repeat.</summary>
    /// <param name="classCount">Classes of the model.</param>
    /// <param name="budget">L1 distance, 0 to 1.9.</param>
    /// <param name="decimals">1 to 5. Default: 2.</param>
    public static ReleasePolicy KeyedNoise(int classCount, double budget, int decimals = 2) =>
        ReleasePolicy.OfShield(Name($"keyed noise {budget}, round {decimals}"), classCount, options =>
        {
            options.KeyedNoiseBudget = budget;
            options.Decimals = decimals;
        });

    /// <summary>The distribution that tells least within an L1 budget (ModelGuard-W: Tang et al., USENIX Security 2024), then rounding.</summary>
    /// <param name="classCount">Classes of the model.</param>
    /// <param name="budget">L1 distance, 0 to 2.</param>
    /// <param name="decimals">1 to 5; null releases all digits, as published, which leaks the rank of the last layer. Default: 2.</param>
    public static ReleasePolicy LeastInformation(int classCount, double budget, int? decimals = 2)
    {
        if (decimals is null)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(budget);
            RowRelease release = new((clean, released) => HardeningSteps.LeastInformation(clean, released, budget));
            return new(Name($"ModelGuard-W {budget}"), _ => release);
        }

        return ReleasePolicy.OfShield(Name($"ModelGuard-W {budget}, round {decimals}"), classCount, options =>
        {
            options.LeastInformationBudget = budget;
            options.Decimals = decimals.Value;
        });
    }

    /// <summary>The nearest of a few learned answers of the label; what is too far from all of them is released in learned bands.</summary>
    /// <param name="classCount">Classes of the model.</param>
    /// <param name="benign">Clean probabilities of benign queries, row after row; some thousand. None is kept.</param>
    /// <param name="centroids">Answers a label, 1 to 256. Default: 16.</param>
    public static ReleasePolicy Codebook(int classCount, ReadOnlySpan<float> benign, int centroids = 16)
    {
        AnswerCodebook codebook = AnswerCodebook.Learn(benign, classCount, OutputKind.Probabilities, centroids);
        ConfidenceBands bands = LearnBands(classCount, benign, 8, namesRunnerUp: true);
        RowRelease release = new((clean, released) =>
        {
            if (!codebook.TryRelease(clean, OutputKind.Probabilities, released))
            {
                bands.Release(clean, OutputKind.Probabilities, released);
            }
        });
        return new(Name($"codebook {centroids}"), _ => release);
    }

    /// <summary>The label and a band of its confidence, learned; an edge lies at .9.</summary>
    /// <param name="classCount">Classes of the model.</param>
    /// <param name="benign">Clean probabilities of benign queries, row after row; some thousand. None is kept.</param>
    /// <param name="bands">1 to 64. Default: 8.</param>
    /// <param name="namesRunnerUp">Whether the second label is named. Default: yes.</param>
    public static ReleasePolicy Bands(int classCount, ReadOnlySpan<float> benign, int bands = 8, bool namesRunnerUp = true) =>
        OfBands(Name($"bands {bands}{(namesRunnerUp ? " + runner-up" : "")}"), classCount, benign, bands, namesRunnerUp);

    private static ReleasePolicy OfBands(string name, int classCount, ReadOnlySpan<float> benign, int count, bool namesRunnerUp)
    {
        ConfidenceBands bands = LearnBands(classCount, benign, count, namesRunnerUp);
        RowRelease release = new((clean, released) => bands.Release(clean, OutputKind.Probabilities, released));
        return new(name, _ => release);
    }

    private static ConfidenceBands LearnBands(int classCount, ReadOnlySpan<float> benign, int bands, bool namesRunnerUp) =>
        ConfidenceBands.Learn(benign, classCount, OutputKind.Probabilities, bands, [0.9], namesRunnerUp);

    private static string Name(FormattableString name) => name.ToString(CultureInfo.InvariantCulture);
}
