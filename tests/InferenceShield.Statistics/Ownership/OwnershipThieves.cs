using InferenceShield.Lab;

namespace InferenceShield.Statistics.Ownership;

/// <summary>What thieves make of answers: by name, some suspects each.</summary>
internal static class OwnershipThieves
{
    public const string Labels = "labels";
    public const string Scores = "scores";
    public const string Regularised = "regularised";
    public const string StronglyRegularised = "strongly regularised";
    public const string Early = "5 epochs";
    public const string Smoothed = "label smoothing";
    public const string Votes = "8 votes";
    public const string VotesRegularised = "8 votes regularised";
    public const string DropsMargins = "drops small margins";
    public const string EvensMargins = "makes small margins even";
    public const string AveragesMargins = "averages small margins with a copy";
    public const string EvensOwn = "makes near ties of his own even";
    public const string TrueLabels = "independent";

    /// <summary>Several suspects that share a first copy.</summary>
    public const string After = "after";

    public const string FineTuned = "fine-tuned 100 steps";
    public const string FineTunedLong = "fine-tuned 1265 steps";
    public const string Chain = "chain";
    public const string ChainFineTuned = "chain fine-tuned";
    public const string DropsOwn = "drops near ties of his own";
    public const string RelabelsOwn = "relabels near ties of his own";

    /// <summary>Several copies that vote.</summary>
    public const string Ensembles = "ensembles";

    public const string SameThrice = "3 copies of the same answers";
    public const string Thirds = "3 copies of a third each";

    private const int Repeats = 8;
    private const int TrueRows = 1_000;
    private const double Near = 0.3; // he does not know the margin and takes a wider one

    /// <summary>The suspects that a thief makes.</summary>
    public static IReadOnlyList<string> SuspectsOf(string thief) => thief switch
    {
        After => [FineTuned, FineTunedLong, Chain, ChainFineTuned, DropsOwn, RelabelsOwn],
        Ensembles => [SameThrice, Thirds],
        _ => [thief],
    };

    /// <summary>Makes them.</summary>
    /// <param name="thief">The name.</param>
    /// <param name="loot">What he was answered.</param>
    public static IEnumerable<(string Name, IClassifier Suspect)> Make(string thief, OwnershipLoot loot)
    {
        OwnershipTarget target = loot.Target;
        SurrogateOptions options = target.Surrogate with { Loss = loot.AreScores && thief != Labels ? SurrogateLoss.SoftLabels : SurrogateLoss.HardLabels };
        switch (thief)
        {
            case Labels or Scores:
                return [(thief, Train(loot, loot.Rows, loot.Answers, options))];
            case Regularised:
                return [(thief, Train(loot, loot.Rows, loot.Answers, Regularise(options, target.Regularisation)))];
            case StronglyRegularised:
                return [(thief, Train(loot, loot.Rows, loot.Answers, Regularise(options, target.StrongRegularisation)))];
            case Early:
                return [(thief, Train(loot, loot.Rows, loot.Answers, options with { Steps = 5 * loot.Asked.Count / options.BatchSize }))];
            case Smoothed:
                return [(thief, Train(loot, loot.Rows, loot.Answers, options with { LabelSmoothing = 0.1f }))];
            case Votes:
                return [(thief, Train(loot, loot.Rows, loot.AskNearRepeats(Repeats), options))];
            case VotesRegularised:
                return [(thief, Train(loot, loot.Rows, loot.AskNearRepeats(Repeats), Regularise(options, target.Regularisation)))];
            case DropsMargins:
                (float[] kept, float[] answers) = Drop(loot.Rows, loot.Answers, loot.Answers, target);
                return [(thief, Train(loot, kept, answers, options))];
            case EvensMargins:
                return [(thief, Train(loot, loot.Rows, Even(loot, loot.NamesSecond ? loot.Answers : CrossFit(loot, options), (answer, _) => loot.MayBeNearTie(answer)), options))];
            case AveragesMargins:
                return [(thief, Train(loot, loot.Rows, Average(loot, CrossFit(loot, Regularise(options, target.Regularisation))), options))];
            case EvensOwn:
                float[] evened = Even(loot, CrossFit(loot, Regularise(options, target.Regularisation)), (_, guide) => IsNear(guide));
                return [(thief, Train(loot, loot.Rows, evened, options with { Loss = SurrogateLoss.SoftLabels }))];
            case TrueLabels:
                return [(thief, Train(loot, loot.Rows, OneHot.Of(loot.Asked.Labels.Span, target.Model.ClassCount), options))];
            case After:
                return MakeAfter(loot, options);
            case Ensembles:
                return MakeEnsembles(loot, options);
            default:
                throw new ArgumentException($"There is no thief '{thief}'.", nameof(thief));
        }
    }

    private static IEnumerable<(string, IClassifier)> MakeAfter(OwnershipLoot loot, SurrogateOptions options)
    {
        OwnershipTarget target = loot.Target;
        int classes = target.Model.ClassCount;
        Surrogate copy = Train(loot, loot.Rows, loot.Answers, options);
        Dataset clean = loot.Others.Slice(loot.Others.Count - TrueRows, TrueRows);
        float[] truth = OneHot.Of(clean.Labels.Span, classes);
        Surrogate FineTune(Surrogate from, int? steps) => Continued.Train(from, clean.Values.Span, truth, target.Surrogate with { Steps = steps, LearningRate = 1e-3f }, loot.Seed + 100);
        yield return (FineTuned, FineTune(copy, 100));
        yield return (FineTunedLong, FineTune(copy, null));

        Dataset others = loot.Others.Slice(0, loot.Others.Count - TrueRows);
        Surrogate chain = SurrogateTrainer.Train(others.Values.Span, OneHot.Ask(copy, others.Values.Span), others.Width, classes, options, loot.Seed + 200, 1, default);
        yield return (Chain, chain);
        yield return (ChainFineTuned, FineTune(chain, 100));

        float[] own = CrossFit(loot, options);
        (float[] kept, float[] answers) = Drop(loot.Rows, loot.Answers, own, target);
        yield return (DropsOwn, Train(loot, kept, answers, options));
        float[] relabelled = loot.Answers.ToArray();
        for (int row = 0; row < loot.Asked.Count; row++)
        {
            if (IsNear(own.AsSpan(row * classes, classes)))
            {
                own.AsSpan(row * classes, classes).CopyTo(relabelled.AsSpan(row * classes));
            }
        }

        yield return (RelabelsOwn, Train(loot, loot.Rows, relabelled, options));
    }

    private static IEnumerable<(string, IClassifier)> MakeEnsembles(OwnershipLoot loot, SurrogateOptions options)
    {
        yield return (SameThrice, new Ensemble([.. Enumerable.Range(0, 3).Select(i => Train(loot, loot.Rows, loot.Answers, options, 300 * i))]));
        int third = loot.Asked.Count / 3;
        yield return (Thirds, new Ensemble([.. Enumerable.Range(0, 3).Select(i => Part(loot, i * third, third, options, 300 * i))]));
    }

    /// <summary>For each row what a copy says that was trained on the other half of the answers.</summary>
    public static float[] CrossFit(OwnershipLoot loot, SurrogateOptions options)
    {
        int half = loot.Asked.Count / 2;
        int rest = loot.Asked.Count - half;
        ReadOnlySpan<float> rows = loot.Rows;
        int width = loot.Target.Model.InputLength;
        return
        [
            .. OneHot.Ask(Part(loot, half, rest, options, 400), rows[..(half * width)]),
            .. OneHot.Ask(Part(loot, 0, half, options, 500), rows[(half * width)..]),
        ];
    }

    private static Surrogate Part(OwnershipLoot loot, int first, int count, SurrogateOptions options, int seed)
    {
        int width = loot.Target.Model.InputLength;
        int classes = loot.Target.Model.ClassCount;
        return Train(loot, loot.Rows.Slice(first * width, count * width), loot.Answers.AsSpan(first * classes, count * classes), options, seed);
    }

    /// <summary>The answers; where they may be near ties, the first and the second label get their mean.</summary>
    /// <param name="loot">The answers.</param>
    /// <param name="guide">Says which label is second: the answers, or a copy if they do not.</param>
    /// <param name="mayBe">Told an answer and its guide.</param>
    private static float[] Even(OwnershipLoot loot, float[] guide, Func<float[], float[], bool> mayBe) => Change(loot, guide, mayBe, (answer, guided) =>
    {
        int first = LeadingClass.FindFirst(answer);
        int leading = LeadingClass.FindFirst(guided);
        int second = leading == first ? LeadingClass.FindSecond(guided, first) : leading;
        answer[first] = answer[second] = (answer[first] + answer[second]) / 2;
    });

    /// <summary>The answers; where they may be near ties, the mean with what a copy says.</summary>
    private static float[] Average(OwnershipLoot loot, float[] copy) => Change(loot, copy, (answer, _) => loot.MayBeNearTie(answer), (answer, copied) =>
    {
        for (int i = 0; i < answer.Length; i++)
        {
            answer[i] = (answer[i] + copied[i]) / 2;
        }
    });

    public static float[] Change(OwnershipLoot loot, float[] guide, Func<float[], float[], bool> mayBe, Action<float[], float[]> change)
    {
        int classes = loot.Target.Model.ClassCount;
        float[] answers = loot.Answers.ToArray();
        for (int row = 0; row < loot.Asked.Count; row++)
        {
            Range place = (row * classes)..((row + 1) * classes);
            float[] answer = answers[place];
            if (mayBe(answer, guide[place]))
            {
                change(answer, guide[place]);
                answer.CopyTo(answers, row * classes);
            }
        }

        return answers;
    }

    private static (float[] Rows, float[] Answers) Drop(ReadOnlySpan<float> rows, ReadOnlySpan<float> answers, ReadOnlySpan<float> judged, OwnershipTarget target)
    {
        int width = target.Model.InputLength;
        int classes = target.Model.ClassCount;
        List<float> keptRows = [];
        List<float> keptAnswers = [];
        for (int row = 0; row < rows.Length / width; row++)
        {
            if (!IsNear(judged.Slice(row * classes, classes)))
            {
                keptRows.AddRange(rows.Slice(row * width, width));
                keptAnswers.AddRange(answers.Slice(row * classes, classes));
            }
        }

        return ([.. keptRows], [.. keptAnswers]);
    }

    private static bool IsNear(ReadOnlySpan<float> answer)
    {
        float first = 0;
        float second = 0;
        foreach (float value in answer)
        {
            second = Math.Max(second, Math.Min(first, value));
            first = Math.Max(first, value);
        }

        return first - second <= Near;
    }

    public static SurrogateOptions Regularise(SurrogateOptions options, (float Noise, float Decay) by) => options with { InputNoise = by.Noise, WeightDecay = by.Decay };

    public static Surrogate Train(OwnershipLoot loot, ReadOnlySpan<float> rows, ReadOnlySpan<float> answers, SurrogateOptions options, int seed = 0) =>
        SurrogateTrainer.Train(rows, answers, loot.Target.Model.InputLength, loot.Target.Model.ClassCount, options, loot.Seed + (ulong)seed, 1, default);
}
