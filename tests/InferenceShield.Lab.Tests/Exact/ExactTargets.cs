namespace InferenceShield.Lab.Tests;

/// <summary>Targets and measures that the tests of exact attacks share.</summary>
internal static class ExactTargets
{
    private static readonly Lazy<Dataset> s_letters = new(() => TestData.Letters().Shuffle(1));
    private static readonly Lazy<Surrogate> s_linear = new(() => Train(26, label => label));
    private static readonly Lazy<Surrogate> s_binary = new(() => Train(2, label => label < 13 ? 0 : 1));

    public static Dataset Pool => s_letters.Value.Slice(6000, 4000);

    public static Dataset Test => s_letters.Value.Slice(12000, 2000);

    public static Dataset Training => s_letters.Value.Slice(0, 6000);

    /// <summary>A softmax regression that tells 26 letters apart.</summary>
    public static Surrogate Linear => s_linear.Value;

    /// <summary>A logistic regression that tells the first half of the alphabet from the second.</summary>
    public static Surrogate Binary => s_binary.Value;

    public static Dictionary<string, ReleasePolicy> Policies(int classCount) => new()
    {
        ["none"] = ReleasePolicy.None,
        ["normal"] = ReleasePolicy.OfShield("normal", classCount, _ => { }),
        ["guarded"] = ReleasePolicy.OfShield("guarded", classCount, options => options.Release = Release.Bands),
        ["restricted"] = ReleasePolicy.OfShield("restricted", classCount, options => options.Release = Release.LabelOnly),
    };

    public static Task<ExactResult> StealAsync(IExactAttack attack, IClassifier target, string policy, int budget, ulong seed = 3) =>
        attack.StealAsync(
            DoubleOracle.Of(new ReleaseOracle(target, Policies(target.ClassCount)[policy].Create(5))),
            new QueryContext(budget, seed, target.InputLength == 16 ? Pool : null, new SurrogateOptions()),
            default);

    public static double Agreement(IClassifier target, IClassifier copy, Dataset rows) =>
        CopyMetrics.Measure(Classify(target, rows), Classify(copy, rows), default, target.ClassCount).Agreement;

    private static float[] Classify(IClassifier classifier, Dataset rows)
    {
        float[] probabilities = new float[rows.Count * classifier.ClassCount];
        classifier.Classify(rows.Values.Span, probabilities);
        return probabilities;
    }

    private static Surrogate Train(int classCount, Func<int, int> getClass)
    {
        float[] truth = new float[Training.Count * classCount];
        for (int i = 0; i < Training.Count; i++)
        {
            truth[(i * classCount) + getClass(Training.Labels.Span[i])] = 1;
        }

        return SurrogateTrainer.Train(
            Training.Values.Span, truth, 16, classCount, new SurrogateOptions { Kind = SurrogateKind.Linear, Steps = 1000, LearningRate = 1e-2f }, 1, 1, default);
    }
}
