using System.Globalization;

namespace InferenceShield.Statistics.Ownership;

/// <summary>What docs/ownership.md says besides its tables.</summary>
internal static class OwnershipText
{
    public const string Margins = """

        ## Is a copy of labels proved?

        A thief trains on labels alone. Tested are the logged queries that are near ties of the clean model: the share in which the copy picks what the key picks; an independent model is at 50 %. Matches: mean (range) of three seeds; p: median (worst). Unseen: the same on near ties among rows that nobody was asked, for which no log is needed; only the cell key could show there, and hardly does.

        | copy of | key | margin | logged near ties | matches, % | p | p, unseen rows |
        |---|---|---|---|---|---|---|

        """;

    public const string Releases = """

        ## Through which releases does it pass?

        Near-tie mark of .2. The thief trains on all that he is told. The more a release hides, the more of the mark a copy takes over: scores tell it that two labels nearly tie, and how nearly. Bands name no second label, unless it is said.

        **These are thieves who do not know of the mark.** One who does removes it at no cost where scores or the second label leave: see the next section.

        | copy of | release | exact: matches, % | exact: p | cell: matches, % | cell: p | accuracy of the copy, % |
        |---|---|---|---|---|---|---|

        """;

    public const string Removal = """

        ## Which thieves remove it, and what does it cost them?

        Near-tie mark of .2 in labels unless said otherwise. Accuracy and agreement with the clean model, of the copies under the exact key, are what the thief pays with: compare with the line "trains on" of the same release. Who makes small margins even knows the margin of .2: wherever the two leading scores differ by at most that, and the rounding, he gives both their mean; in bands wherever the leader's number is below .6. Without a second label he takes that of a copy that he trained on the other half. Who averages takes there the mean with the scores of a regularised copy of the other half. An exact key is one bit for each input, a cell key one bit for each pair of labels and tenth of their sum.

        """;

    public const string Evidence = """

        ## How many logged near ties are enough?

        p on a random sample of the logged near ties: the median of 21 draws, median over seeds; in brackets the worst of all draws and seeds. Near ties of .2 are 3 to 5 % of queries; of a thief who does not regularise a part of them is enough, of one who does all of them are little.


        """;

    public const string Costs = """

        ## What do honest users pay?

        On rows of honest users, released with five decimals, with the mark less without: mean over ten keys (range). The standard error is that of one key's change of accuracy over rows, paired. In brackets behind ECE and AUROC: without the mark. A label that is moved was a near tie: the model itself was in doubt, and the user gets the toss of a keyed coin instead of its guess.

        | data | mark | labels moved, % | accuracy, points | standard error | L1 mean | ECE | AUROC |
        |---|---|---|---|---|---|---|---|

        """;

    public const string Claims = """

        ## Does a test accuse the innocent?

        Copies of the unmarked model, a copy that carries the mark of another key, and models that were trained on the same inputs with their true labels and never saw an answer, three of each; each is tested under 300 random keys. An exact test has p below .01 for 1 % of keys. In brackets Wilson's 95 % interval over keys, for these models. KS: the p of the hypothesis that p is distributed as it says, one for each model. Where few answers count, as with triggers, p takes few values and seldom small ones.

        | data | test | accused | keys | p < .05, % | p < .01, % | KS |
        |---|---|---|---|---|---|---|

        """;

    public const string VectorTable = """

        ## Marks of full vectors, and triggers

        The cosine mark (z against random keys, 3 or more wanted at 5,000 answers and 4.5 at 15,000), the permutation of low ranks and label triggers (share of matches; p given how often the suspect differs from the clean label there). "Labels" is a thief who trains on the top label of the marked scores. The p of z is the share of 300 random keys that lie as high: at least .003. Triggers are remembered by copies that are trained to the end; those that are regularised take them for the errors that they are.

        | copy of | mark | release | thief | answers | z, or matches in % | p | accuracy of the copy, % |
        |---|---|---|---|---|---|---|---|

        """;

    public const string Tail = """

        ## How this was measured

        Fashion-MNIST: a perceptron 784-128-10 trained in the Lab on 40,000 images; thieves draw from 20,000 others; 3,000 are benign, 7,000 measure. Letters (UCI): 16-96-26 on 8,000 rows; 7,500 for thieves; 1,000 benign, 3,500 measure. Thieves train the target's own architecture with the Lab's recipe (Adam, cosine schedule), in-distribution inputs, three seeds; each seed has a key of its own, so a range over seeds is one over keys, too. Regularised on Fashion is input noise of 1 and weight decay of .5, strongly .5 more of the decay; on letters .3 and .1, strongly .6 and .2. These settings were chosen after a look at seed 11, which is one of the three reported. Votes are over the input and seven near-repeats, noise of .15 (letters .1) of each value's spread. Answers come from a shield built with `ShieldBuilder`, marks included. The near-tie and permutation tests are exact over random keys, given the suspect's answers: with a cell key the cells are what counts and not the rows, so that some 50 cells bound p at about 1e-16 however well a copy matches.

        Not measured: convolutional or transformer models, more than 26 classes, thieves without inputs of the distribution, several models stolen together, thieves of scores who know of both the near-tie and the cosine mark and undo both.

        Run again: `dotnet run --project tests/InferenceShield.Statistics -c Release -- ownership`, then `ownership page`. Fashion-MNIST's full data are needed (Debian: dataset-fashion-mnist).

        """;

    /// <summary>Thieves of the near-tie mark, in the order of the page.</summary>
    public static IReadOnlyList<(string Release, string Thief, string Name)> Thieves { get; } =
    [
        (MarkedRelease.Labels, OwnershipThieves.Labels, "none of it: trains on labels"),
        (MarkedRelease.Labels, OwnershipThieves.Smoothed, "label smoothing .1"),
        (MarkedRelease.Labels, OwnershipThieves.Regularised, "regularised"),
        (MarkedRelease.Labels, OwnershipThieves.StronglyRegularised, "strongly regularised"),
        (MarkedRelease.Labels, OwnershipThieves.Early, "stops after 5 epochs"),
        (MarkedRelease.Labels, OwnershipThieves.FineTuned, "fine-tuned on 1,000 true labels, 100 steps"),
        (MarkedRelease.Labels, OwnershipThieves.FineTunedLong, "fine-tuned, 1,265 steps"),
        (MarkedRelease.Labels, OwnershipThieves.Chain, "copy of the copy, on other inputs"),
        (MarkedRelease.Labels, OwnershipThieves.ChainFineTuned, "copy of the copy, fine-tuned"),
        (MarkedRelease.Labels, OwnershipThieves.SameThrice, "three copies of the same answers"),
        (MarkedRelease.Labels, OwnershipThieves.Thirds, "three copies of a third each"),
        (MarkedRelease.Labels, OwnershipThieves.DropsOwn, "drops what his copy of the other half finds near"),
        (MarkedRelease.Labels, OwnershipThieves.RelabelsOwn, "relabels that by his copy of the other half"),
        (MarkedRelease.Labels, OwnershipThieves.EvensOwn, "makes even what his regularised copy of the other half finds near"),
        (MarkedRelease.Labels, OwnershipThieves.Votes, "8 votes over near-repeats (8 times the queries)"),
        (MarkedRelease.Labels, OwnershipThieves.VotesRegularised, "8 votes, regularised"),
        .. from release in (string[])[MarkedRelease.BandsAlone, MarkedRelease.Bands, MarkedRelease.Round1, MarkedRelease.Round2, MarkedRelease.Full]
           from one in MarginThieves
           select (release, one.Thief, $"{release}: {one.Name}"),
    ];

    /// <summary>Thieves of the other marks, in the order of the page.</summary>
    public static IReadOnlyList<(string Mark, string Release, string Thief, string Name)> Vectors { get; } =
    [
        .. from mark in (string[])["cosine 0.05", "cosine 0.02"]
           from pair in (string[])[MarkedRelease.Full, MarkedRelease.Round2, MarkedRelease.Round1, MarkedRelease.Top3]
           select (mark, pair, OwnershipThieves.Scores, "scores"),
        ("cosine 0.05", MarkedRelease.Full, OwnershipThieves.Labels, "labels"),
        (OwnershipMark.None, MarkedRelease.Full, OwnershipThieves.Scores, "scores without a mark, tested for the cosine"),
        .. from pair in Adaptive select ("cosine 0.05", MarkedRelease.Full, pair.Thief, pair.Name),
        ("permutation cell", MarkedRelease.Full, OwnershipThieves.Scores, "scores"),
        ("permutation exact", MarkedRelease.Full, OwnershipThieves.Scores, "scores"),
        ("triggers 0.005", MarkedRelease.Labels, OwnershipThieves.Labels, "labels"),
        ("triggers 0.005", MarkedRelease.Labels, OwnershipThieves.Regularised, "labels, regularised"),
    ];

    private static IEnumerable<(string Thief, string Name)> MarginThieves =>
    [
        (OwnershipThieves.Scores, "trains on them"), (OwnershipThieves.DropsMargins, "drops small margins"),
        (OwnershipThieves.EvensMargins, OwnershipThieves.EvensMargins), (OwnershipThieves.AveragesMargins, OwnershipThieves.AveragesMargins),
    ];

    private static IEnumerable<(string Thief, string Name)> Adaptive => Thieves
        .Where(thief => thief.Release == MarkedRelease.Labels && thief.Thief is not (OwnershipThieves.Labels or OwnershipThieves.Scores))
        .Select(thief => (thief.Thief, "scores, " + thief.Name));

    public static string Head(OwnershipFigures figures, OwnershipDisguise disguise)
    {
        const int Few = OwnershipExperiment.Few;
        const int Many = OwnershipExperiment.Many;
        string cell = OwnershipMark.NearTie(MarkKeying.Cell, 0.2).Name;
        string exact = OwnershipMark.NearTie(MarkKeying.ExactInput, 0.2).Name;
        OwnershipSummary Fashion(string mark, string thief, int budget = Few) => figures.Get(OwnershipTarget.Fashion, mark, MarkedRelease.Labels, thief, budget);
        OwnershipSummary Letters(string mark, string thief) => figures.Get(OwnershipTarget.Letters, mark, MarkedRelease.Labels, thief, Few);
        string Points(OwnershipSummary less, OwnershipSummary from) => (100 * (from.Accuracy - less.Accuracy)).ToString("F1", CultureInfo.InvariantCulture);
        OwnershipSummary UnseenFashion() => figures.Get(OwnershipTarget.Fashion, cell, MarkedRelease.Labels, OwnershipThieves.Labels, Few, OwnershipTests.Unseen);
        OwnershipSummary UnseenLetters() => figures.Get(OwnershipTarget.Letters, cell, MarkedRelease.Labels, OwnershipThieves.Labels, Few, OwnershipTests.Unseen);
        OwnershipSummary Cosine(string thief) => figures.Get(OwnershipTarget.Fashion, OwnershipMark.OfCosine(0.05).Name, MarkedRelease.Full, thief, Few);
        string Evened(string target, string release, string thief) => $"{figures.Get(target, exact, release, thief, Few).P} and {figures.Get(target, cell, release, thief, Few).P}";
        string Prices(string target, string release, Func<OwnershipSummary, double> value)
        {
            IEnumerable<double> changes = from mark in (string[])[exact, cell]
                                          select 100 * (value(figures.Get(target, mark, release, OwnershipThieves.EvensMargins, Few)) - value(figures.Get(target, mark, release, OwnershipThieves.Scores, Few)));
            return changes.Average().ToString("+0.0;-0.0;0.0", CultureInfo.InvariantCulture);
        }

        string Both(string release) =>
            $"on Fashion {Evened(OwnershipTarget.Fashion, release, OwnershipThieves.Scores)} become {Evened(OwnershipTarget.Fashion, release, OwnershipThieves.EvensMargins)}, on letters {Evened(OwnershipTarget.Letters, release, OwnershipThieves.Scores)} become {Evened(OwnershipTarget.Letters, release, OwnershipThieves.EvensMargins)}";
        string Price(string release) =>
            $"{Prices(OwnershipTarget.Fashion, release, row => row.Accuracy)} / {Prices(OwnershipTarget.Letters, release, row => row.Accuracy)} points of accuracy and {Prices(OwnershipTarget.Fashion, release, row => row.Agreement)} / {Prices(OwnershipTarget.Letters, release, row => row.Agreement)} of agreement";
        string Cost(string target, Func<OwnershipCostRow, double> value) => (100 * figures.Costs(target, cell).Average(value)).ToString("0.00", CultureInfo.InvariantCulture);
        return string.Create(CultureInfo.InvariantCulture, $"""
            # What marks prove, and what they do not

            <!-- Made by `ownership page` from tests/InferenceShield.Statistics/results/ownership*.csv; edit OwnershipText.cs, not this file. -->

            **What marks cannot do:**

            1. **Where scores or the second label leave, a thief who knows of the near-tie mark removes it at no cost.** He makes the two leading scores even wherever they differ by at most the margin. Of 5,000 answers with two decimals p of the exact and of the cell key was and is: {Both(MarkedRelease.Round2)}; he changes {Price(MarkedRelease.Round2)} (Fashion / letters). Of bands with the second label: {Both(MarkedRelease.Bands)}; {Price(MarkedRelease.Bands)}. Bands without it help little, for a copy of his own tells the second label: {Both(MarkedRelease.BandsAlone)}. One who was told two decimals, knows nothing and regularises leaves {disguise.Exact(OwnershipTarget.Fashion, NearTieDisguise.None, DisguiseThieves.Regularised).P} of the exact key on Fashion, {disguise.Exact(OwnershipTarget.Letters, NearTieDisguise.None, DisguiseThieves.Regularised).P} on letters. The mark is for labels; where scores leave, take the cosine beside it. Who was told labels alone, and makes even what his own copy finds near, leaves {Evened(OwnershipTarget.Fashion, MarkedRelease.Labels, OwnershipThieves.EvensOwn)} on Fashion, {Evened(OwnershipTarget.Letters, MarkedRelease.Labels, OwnershipThieves.EvensOwn)} on letters. But labels are not safe from who trains a regularised copy on each half of the answers and takes, where he was told something else, the answer of the other half's: he leaves {disguise.OfLabels(OwnershipTarget.Fashion)} on Fashion, {disguise.OfLabels(OwnershipTarget.Letters)} on letters. To release near ties as sure as other answers was tried, and [does not help enough](#what-does-not-help-enough-near-ties-released-as-sure-as-other-answers).
            2. They do not stop a theft, and they do not survive every thief. One who regularises strongly leaves little of the near-tie mark: on Fashion with 15,000 answers p is {Fashion(cell, OwnershipThieves.StronglyRegularised, Many).P} with the cell key and {Fashion(exact, OwnershipThieves.StronglyRegularised, Many).P} with the exact one, for {Points(Fashion(cell, OwnershipThieves.StronglyRegularised, Many), Fashion(cell, OwnershipThieves.Labels, Many))} points of accuracy; on letters {Letters(cell, OwnershipThieves.StronglyRegularised).P}, for {Points(Letters(cell, OwnershipThieves.StronglyRegularised), Letters(cell, OwnershipThieves.Labels))} points. One who copies his copy on other inputs leaves {Fashion(exact, OwnershipThieves.Chain).P} of the exact key on the logged queries, one who votes over eight near-repeats {Fashion(exact, OwnershipThieves.Votes).P} (cell key: {Fashion(cell, OwnershipThieves.Chain).P} and {Fashion(cell, OwnershipThieves.Votes).P}). The cosine mark is gone for who trains on labels alone (z {Cosine(OwnershipThieves.Labels).Z}) or fine-tunes on 1,000 true labels (z {Cosine(OwnershipThieves.FineTuned).Z}, {Cosine(OwnershipThieves.FineTunedLong).Z} when longer; {Cosine(OwnershipThieves.Scores).Z} without). All that was tried is in the tables below, also what works against the marks.
            3. Labels that are near ties are coin tosses for honest users: a margin of .2 moves {Cost(OwnershipTarget.Fashion, row => row.Moved)} / {Cost(OwnershipTarget.Letters, row => row.Moved)} % of labels and changes accuracy by {Cost(OwnershipTarget.Fashion, row => row.Gain)} / {Cost(OwnershipTarget.Letters, row => row.Gain)} points (Fashion / letters, cell key, mean of ten keys). Classes for which that must not be can be exempt.
            4. Verification needs the logged queries, or a sample of them. On inputs that nobody was asked a copy of labels shows nothing, not even under the cell key: p is {UnseenFashion().P} on Fashion, {UnseenLetters().P} on letters.
            5. A small p says that a suspect's answers hang on the key. It does not say who copied, whether it was lawful, or that nobody else held the key. A large one proves nothing.
            6. An accuser who chooses queries after the suspect has answered, or by the answers of other models, can make any model look copied. Against the first there is a digest of the list of marked queries that is stamped each day ([evidence.md](evidence.md)): `verify --digest` asks all of what the list had then, counts what could still be chosen into p, and says what it is bound to. Against the second there are control models of the suspect's own choice. A commitment covers one key; of keys that were tried and not declared nobody knows.

            {figures.Suspects:N0} suspects were made and tested, seeded. p-values are one-sided, the median over three seeds with the worst in brackets.

            """);
    }
}
