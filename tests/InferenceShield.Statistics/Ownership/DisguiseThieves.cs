using InferenceShield.Lab;

namespace InferenceShield.Statistics.Ownership;

/// <summary>Thieves of scores who know that near ties may be disguised.</summary>
internal static class DisguiseThieves
{
    public const string Trains = "trains on them";
    public const string Regularised = "regularised";
    public const string EvensReleased = "makes small released margins even";
    public const string EvensWide = "makes released margins to .6 even";
    public const string EvensWider = "makes released margins to .8 even";
    public const string EvensOwn = "makes even what his copy finds near";
    public const string EvensOdd = "makes even what his copy finds near and the answer sure";
    public const string DropsOwn = "drops what his copy finds near";
    public const string AveragesAll = "averages all with his copy";
    public const string DropsFar = "drops what is far from his copy";
    public const string DropsOther = "drops what his copy answers otherwise";
    public const string ReplacesOther = "replaces what his copy answers otherwise";

    private const double Near = 0.3;
    private const double Sure = 0.2; // of the difference between the released margin and his copy's
    private const double Far = 0.5; // of L1

    public static IReadOnlyList<string> Names { get; } =
        [Trains, Regularised, EvensReleased, EvensWide, EvensWider, EvensOwn, EvensOdd, DropsOwn, AveragesAll, DropsFar, DropsOther, ReplacesOther];

    /// <summary>Makes the suspects; the copies of the other halves, which most need, are trained once and regularised.</summary>
    public static IEnumerable<(string Name, Surrogate Suspect)> Make(OwnershipLoot loot, IReadOnlyCollection<string> names)
    {
        OwnershipTarget target = loot.Target;
        SurrogateOptions options = target.Surrogate with { Loss = SurrogateLoss.SoftLabels };
        SurrogateOptions regularised = OwnershipThieves.Regularise(options, target.Regularisation);
        Lazy<float[]> copy = new(() => OwnershipThieves.CrossFit(loot, regularised));
        foreach (string name in names)
        {
            float[] Change(Func<float[], float[], bool> where, Action<float[], float[]> how) => OwnershipThieves.Change(loot, copy.Value, where, how);
            float[] EvenTo(double margin) => OwnershipThieves.Change(loot, loot.Answers, (answer, _) => Margin(answer) <= margin, Even);
            float[] answers = name switch
            {
                EvensReleased => OwnershipThieves.Change(loot, loot.Answers, (answer, _) => loot.MayBeNearTie(answer), Even),
                EvensWide => EvenTo(0.6),
                EvensWider => EvenTo(0.8),
                EvensOwn => Change((_, copied) => Margin(copied) <= Near, Even),
                EvensOdd => Change((answer, copied) => Margin(copied) <= Near && Margin(answer) > Margin(copied) + Sure, Even),
                DropsOwn => Change((_, copied) => Margin(copied) <= Near, Drop),
                AveragesAll => Change((_, _) => true, Average),
                DropsFar => Change((answer, copied) => Distance(answer, copied) > Far, Drop),
                DropsOther => Change(IsOther, Drop),
                ReplacesOther => Change(IsOther, Replace),
                _ => loot.Answers,
            };
            (float[] rows, float[] kept) = Keep(loot, answers);
            yield return (name, OwnershipThieves.Train(loot, rows, kept, name == Regularised ? regularised : options));
        }
    }

    private static bool IsOther(float[] answer, float[] copied) => LeadingClass.FindFirst(answer) != LeadingClass.FindFirst(copied);

    /// <summary>The answer's leading class and the strongest rival, by the copy, get their mean.</summary>
    private static void Even(float[] answer, float[] guide)
    {
        int first = LeadingClass.FindFirst(answer);
        int leading = LeadingClass.FindFirst(guide);
        int second = leading == first ? LeadingClass.FindSecond(guide, first) : leading;
        answer[first] = answer[second] = (answer[first] + answer[second]) / 2;
    }

    private static void Replace(float[] answer, float[] copied) => copied.CopyTo(answer, 0);

    private static void Drop(float[] answer, float[] copied) => answer.AsSpan().Fill(float.NaN);

    private static void Average(float[] answer, float[] copied)
    {
        for (int i = 0; i < answer.Length; i++)
        {
            answer[i] = (answer[i] + copied[i]) / 2;
        }
    }

    private static double Margin(float[] answer)
    {
        int first = LeadingClass.FindFirst(answer);
        return (double)answer[first] - answer[LeadingClass.FindSecond(answer, first)];
    }

    private static double Distance(float[] answer, float[] copied) => answer.Zip(copied, (a, b) => Math.Abs((double)a - b)).Sum();

    private static (float[] Rows, float[] Answers) Keep(OwnershipLoot loot, float[] answers)
    {
        int width = loot.Target.Model.InputLength;
        int classes = loot.Target.Model.ClassCount;
        float[] rows = loot.Rows.ToArray();
        int[] kept = [.. Enumerable.Range(0, loot.Asked.Count).Where(row => !float.IsNaN(answers[row * classes]))];
        return kept.Length == loot.Asked.Count
            ? (rows, answers)
            : ([.. kept.SelectMany(row => rows.AsSpan(row * width, width).ToArray())], [.. kept.SelectMany(row => answers.AsSpan(row * classes, classes).ToArray())]);
    }
}
