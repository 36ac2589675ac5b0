using System.Globalization;

namespace InferenceShield.Statistics.Efficacy;

/// <summary>The prose of the page. Its numbers come from the figures; a test holds the claims to them.</summary>
internal static class EfficacyText
{
    private const int Budget = EfficacyPage.Adaptive;

    public static readonly (string Target, string Title, string About)[] Targets =
    [
        (EfficacyTarget.Fashion, "Fashion-MNIST, 10 classes",
            "Target: a perceptron 784-128-10 trained on 40,000 images. The thief has the other 20,000 of the training set and trains the same architecture; copies are measured on 7,000 images of the test set, what is learned of benign answers on the other 3,000."),
        (EfficacyTarget.Letters, "Letters, 26 classes",
            "Target: a perceptron 16-128-64-26 trained on 10,000 rows of the UCI letter recognition data. The thief has 5,000 others; beyond those he asks copies of them with noise of a tenth of each feature's spread. Measured on 3,500 rows, learned on 1,500."),
        (EfficacyTarget.Styles, "Letters by style, 104 classes",
            "The same rows, each letter cut into four styles by k-means: many classes, some hard to tell apart, which is where scores say more than labels. Target 16-128-64-104; rows as above."),
    ];

    public const string Tail = """

        ## What this does not show

        - Perceptrons on images of 784 values and rows of 16 features; no convolutional or transformer target, no target with a thousand classes, no thief with a pretrained model of his own. His inputs are of the target's own distribution, which is the strongest case; natural inputs of another kind gave a prototype's thief at most half of the agreement, with a spread too wide to rank defences by.
        - Seeds vary the thief's choice of rows, the weights he starts from and the defender's key, not the target. Three seeds make wide intervals: differences of less than half a point are noise. The best of several attacks favours the thief by about a fifth of a point.
        - D-DAE+ and partial Bayes draw the answers they learn from out of a mixed prior, not from shadow models of the thief's, which the literature's first version trains. Partial Bayes looks up 50,000 rows, not a million.
        - Nothing here is refused. What counting queries does to a thief is a matter of arithmetic: at 1,000 an hour, 5,000 queries take five hours from one caller, and show.

        The thief is no straw man: trained on the same answers, a copy of PyTorch's agrees within half a point of his ([surrogate-comparison.csv](../tests/InferenceShield.Statistics/results/surrogate-comparison.csv), three seeds).

        ## Make it again

        ```sh
        dotnet run --project tests/InferenceShield.Statistics -c Release -- efficacy        # all of it; needs Debian's dataset-fashion-mnist
        dotnet run --project tests/InferenceShield.Statistics -c Release -- efficacy letters
        dotnet run --project tests/InferenceShield.Statistics -c Release -- efficacy page   # this page and its plot, from the CSV alone
        ```

        The first two finish what [efficacy.csv](../tests/InferenceShield.Statistics/results/efficacy.csv) does not hold yet: delete its rows to run them again. Targets are trained under seed 1, thieves under 11 to 13, for a copy that starts from the target's own weights agrees too well. A test runs a few cells of the letters again and compares; another makes this page of the CSV and compares it with what is committed.

        ## The attacks

        | name | what it does |
        |---|---|
        | answers (naive) | asks random rows of the pool, none twice, and trains on the answers as they came (Knockoff Nets, random: Orekondy et al., CVPR 2019) |
        | labels (top-1) | keeps the label of each answer and nothing else |
        | D-DAE+ | trains a network that undoes the known algorithm under a key of the thief's own (Chen et al., IEEE S&P 2023; ModelGuard's variant on random distributions) |
        | top-1 + prior | gives each label the mean distribution that such a label has under the prior |
        | partial Bayes | looks each answer up in a table of the known algorithm, under a key of the thief's own (Tang et al., USENIX Security 2024) |
        | 8 repeats | asks each input eight times and averages |
        | 8 near-repeats | asks each input and seven copies with noise of a tenth of the spread, and averages; "by label": counts their labels |

        """;

    public static string Head(EfficacyFigures figures, IReadOnlyList<EfficacyUtilityRow> utility)
    {
        string Each(Func<string, string> say) => string.Join(" / ", Targets.Select(target => say(target.Target)));
        string Mean(string policy, string attack, int budget) => Each(target => Number(figures.Agreement(target, policy, attack, budget)!.Value.Mean));
        string Loss(string policy, string attack, int budget) => Each(target => Number(Difference(figures, target, policy, attack, budget)));
        string Used(string policy, Func<EfficacyUtilityRow, string> say) => Each(target => say(utility.Single(row => row.Target == target && row.Policy == policy)));
        string worst = Each(target => Number(WorstAdaptive(figures, target).Loss));
        string multiplier = Each(target => figures.Multiplier(target, "restricted", "naive", Budget)!.Value.Value.ToString("F1", CultureInfo.InvariantCulture));

        return $"""
            # What each policy costs thieves, and honest users

            <!-- Made by `efficacy page` from tests/InferenceShield.Statistics/results/efficacy*.csv; edit EfficacyText.cs, not this file. -->

            Three models were stolen under every policy, by thieves who believe what they are told and by thieves who adapt: {figures.Count:N0} thefts, seeded, by [InferenceShield.Lab](../src/InferenceShield.Lab). Figures for Fashion-MNIST / letters / letters by style, that is 10 / 26 / 104 classes, at {Budget:N0} queries unless said otherwise.

            ![Agreement of a stolen copy with the model, by queries](efficacy.svg)

            1. **Without a shield** a copy agrees with the model on {Mean("none", "naive", Budget)} % of held-out inputs.
            2. **Labels alone** are most of that: {Mean("none", "top-1", Budget)} %, {Loss("restricted", "naive", Budget)} points less, or {multiplier} times the queries for the same copy. At 500 queries they cost {Loss("restricted", "naive", 500)} points. The more classes and the fewer queries, the more scores are worth.
            3. **No policy costs a thief who adapts much more than that.** The best of his attacks at equal queries loses at most {worst} points, whatever the policy. With eight times the queries on the same inputs, votes over near-repeats buy restricted answers back to {Mean("restricted", "8 near-repeats by label", Budget)} %.
            4. **ModelGuard-W at 1 looks like a wall and is none**: a thief who trains on what he is told gets {Mean("ModelGuard-W 1", "naive", Budget)} %, one who keeps labels {Mean("ModelGuard-W 1", "top-1", Budget)} %. Honest users pay with {Used("ModelGuard-W 1", row => Percent(row.Crossings))} % of their answers moved across a threshold of .9. At .2 it costs the best attack {Each(target => Number(Adaptive(figures, target, "ModelGuard-W 0.2").Loss))} points.
            5. **Reverse sigmoid** (beta 1, gamma .2) gives a naive thief {Mean("reverse sigmoid", "naive", Budget)} % and one who keeps labels {Mean("reverse sigmoid", "top-1", Budget)} %; the confidence it leaves honest users ranks right answers from wrong ones with an AUROC of {Used("reverse sigmoid", row => Three(row.Separation))}: below .5 is worse than a coin.
            6. **Fresh Gaussian noise** (.2) changes the label of {Used("Gaussian noise", row => Percent(row.TopChanged))} % of honest answers and costs the best attack {Each(target => Number(Adaptive(figures, target, "Gaussian noise").Loss))} points.
            7. **Temperature 2 helps the thief**: {Each(target => Signed(-Difference(figures, target, "temperature 2", "naive", 2_000)))} points at 2,000 queries.
            8. **Keyed noise** of .2 gives eight repeats the answer of one, to the bit: {Mean("keyed noise 0.2", "8 repeats", Budget)} % with eight, {Mean("keyed noise 0.2", "naive", Budget)} % with one, where averaging takes fresh noise from {Mean("Gaussian noise", "naive", Budget)} to {Mean("Gaussian noise", "8 repeats", Budget)} % (with 104 classes the bias of clipping is what is left). To the best attack it costs {Each(target => Number(Adaptive(figures, target, "keyed noise 0.2").Loss))} points, and it moves {Used("keyed noise 0.2", row => Percent(row.Crossings))} % of honest answers across .9.
            9. **The shield's defaults.** Normal (two decimals) costs a thief nothing that can be measured ({Loss("normal", "naive", Budget)} points). To honest users it costs the order of their surest answers, which all round to 1: an AUROC of {Used("normal", row => Three(row.Separation))} where clean answers have {Used("none", row => Three(row.Separation))}. It is there against equation solving, rank attacks and precision. Guarded (band and second label) costs a naive thief {Loss("guarded", "naive", Budget)} points and tells {Used("guarded", row => row.Distinct.ToString("N0", CultureInfo.InvariantCulture))} different answers in all; no answer crosses a declared threshold ({Used("guarded", row => Percent(row.Crossings))} %). Restricted is labels alone.
            10. **So**: a release takes the cheap win and the exact attacks away, at a small cost for honest users; it does not save the model. Counting queries, noticing a campaign and proving a theft are what is left, and what the rest of this library is for.

            """;
    }

    /// <summary>By how many points a policy lowers an attack below the naive thief of no shield.</summary>
    public static double Difference(EfficacyFigures figures, string target, string policy, string attack, int budget) =>
        figures.Agreement(target, "none", "naive", budget)!.Value.Mean - figures.Agreement(target, policy, attack, budget)!.Value.Mean;

    /// <summary>What the best attack at equal queries loses against no shield.</summary>
    public static (double Loss, string Attack) Adaptive(EfficacyFigures figures, string target, string policy)
    {
        (double mean, string attack) = figures.Best(target, policy, EfficacyPage.EqualQueries, Budget)!.Value;
        return (figures.Agreement(target, "none", "naive", Budget)!.Value.Mean - mean, attack);
    }

    /// <summary>The policy that costs the best attack most.</summary>
    public static (string Policy, double Loss) WorstAdaptive(EfficacyFigures figures, string target) =>
        figures.Policies(target).Select(policy => (policy, Adaptive(figures, target, policy).Loss)).MaxBy(pair => pair.Loss);

    private static string Number(double value) => value.ToString("F1", CultureInfo.InvariantCulture);

    private static string Signed(double value) => value.ToString("+0.0;-0.0;0.0", CultureInfo.InvariantCulture);

    private static string Three(double value) => value.ToString("F2", CultureInfo.InvariantCulture);

    private static string Percent(double share) => (100 * share).ToString("F1", CultureInfo.InvariantCulture);
}
