using System.Globalization;

namespace InferenceShield.Statistics.Ownership;

/// <summary>What the other experiments' files say, in words: a paragraph before each table of docs/ownership.md, of its rows alone.</summary>
internal static class OwnershipOtherText
{
    /// <param name="file">The CSV's name.</param>
    /// <param name="rows">Its fields by column.</param>
    /// <returns>Empty if nothing is written about the file.</returns>
    public static string Say(string file, IReadOnlyList<Dictionary<string, string>> rows) => file switch
    {
        "ownership-tokens.csv" => SayTokens(rows),
        "ownership-directions.csv" => SayDirections(rows),
        DirectionCostExperiment.Probes => SayProbes(rows),
        DirectionCostExperiment.Retrieval => SayRetrieval(rows),
        CollusionExperiment.File => SayCollusion(rows),
        TrapExperiment.File => SayTraps(rows),
        "ownership-fingerprint-summary.csv" => SayFingerprint(rows),
        _ => "",
    };

    /// <summary>The exponent b of length = a n^b over pooled accounts n, by least squares of logarithms, and half of its 95 % interval.</summary>
    public static (double Exponent, double Half) Fit(IReadOnlyList<Dictionary<string, string>> rows, string suspect)
    {
        (double X, double Y)[] points = [.. rows.Where(row => row["suspect"] == suspect).Select(row => (Math.Log(Number(row["accounts"])), Math.Log(Number(row["length"]))))];
        double x = points.Average(point => point.X);
        double y = points.Average(point => point.Y);
        double square = points.Sum(point => (point.X - x) * (point.X - x));
        double exponent = points.Sum(point => (point.X - x) * (point.Y - y)) / square;
        double rest = points.Sum(point => Math.Pow(point.Y - y - (exponent * (point.X - x)), 2)) / (points.Length - 2);
        return (exponent, 1.96 * Math.Sqrt(rest / square));
    }

    /// <summary>Measured z by what theory gives, of texts as they were made.</summary>
    public static (double Least, double Most) Ratios(IReadOnlyList<Dictionary<string, string>> rows)
    {
        double[] ratios = [.. rows.Where(row => row["edit"] == "none").Select(row => Number(row["ratio"]))];
        return (ratios.Min(), ratios.Max());
    }

    private static string SayTokens(IReadOnlyList<Dictionary<string, string>> rows)
    {
        (double least, double most) = Ratios(rows);
        Dictionary<string, string>[] unmarked = [.. rows.Where(row => row["edit"].StartsWith("unmarked", StringComparison.Ordinal))];
        double ZOf(string mark, string edit) => Number(rows.First(row => row["mark"] == mark && row["edit"] == edit)["z"]);
        const string Half = "50 % replaced";
        return string.Create(CultureInfo.InvariantCulture, $"""
            A green list's z is (g - gamma T) / sqrt(T gamma (1 - gamma)) of g green ones among T tokens (Kirchenbauer et al., ICML 2023); theory puts in the chance of a green token that the clean logits leave, e^delta G / (1 + (e^delta - 1) G) with the green mass G of other random keys. A tournament has two leaves a round: a round lifts the mean of the bits that win by (1 - sum of p squared) / 4 (Dathathri et al., Nature 2024). Measured z is {least:F2} to {most:F2} times theory, over {rows.Count(row => row["edit"] == "none")} rows. What falls short is the green list by own hash: pairs that come again are counted once, and it is the green ones that do.

            With half of the tokens replaced, z falls to {ZOf("green list .25 bias 2 by token before", Half):F1} with the token before, {ZOf("green list .25 bias 2 by own hash", Half):F1} by own hash and {ZOf("tournament of 30 rounds", Half):F1} for the tournament, whose bits hang on four tokens. The source has random weights and is no language: entropies of a real one differ, and z with them.

            Unmarked texts under random keys: of {unmarked.Length} runs the least KS p is {unmarked.Min(row => Number(row["distance_p"])):F2}, and p is below .01 in {100 * unmarked.Min(row => Number(row["share_p_below_01"])):F1} to {100 * unmarked.Max(row => Number(row["share_p_below_01"])):F1} % of cases.
            """);
    }

    private static string SayDirections(IReadOnlyList<Dictionary<string, string>> rows)
    {
        string Of(string budget, string directions, string suspect, string then = "nothing")
        {
            Dictionary<string, string> row = rows.Single(row => row["budget"] == budget && row["directions"] == directions && row["suspect"] == suspect && row["then"] == then);
            return string.Create(CultureInfo.InvariantCulture, $"{Number(row["z"]):F1} ({Number(row["least"]):F1} to {Number(row["greatest"]):F1})");
        }

        const string Copy = "copy of the answers";
        const string Network = "network of 256 units";
        const string Linear = "linear map of the pixels";
        double[] copies = [.. rows.Where(row => row["suspect"] == Copy).Select(row => Number(row["least"]))];
        double[] innocent = [.. rows.Where(row => row["suspect"].Contains("clean answers", StringComparison.Ordinal) || row["suspect"].Contains("wrong key", StringComparison.Ordinal)).SelectMany(row => (double[])[Number(row["least"]), Number(row["greatest"])])];
        Dictionary<string, string> network = rows.First(row => row["budget"] == "0.02" && row["suspect"] == Network);
        Dictionary<string, string> copy = rows.First(row => row["budget"] == "0.02" && row["suspect"] == Copy);
        return string.Create(CultureInfo.InvariantCulture, $"""
            In answers that are stored and served again, mapped, cut, noised or without leading components, z is {copies.Min():F1} or more. **A thief who trains a model of his own keeps less**: at the default, a budget of .02 and 16 directions, a perceptron of 6,000 answers has z of {Of("0.02", "16", Network)}, of 20,000 {Of("0.02", "16", Network + " on 20000 answers")}, and a linear map of the pixels {Of("0.02", "16", Linear)}. The mark is {100 * Number(copy["error"]):F1} % of the embeddings' variance, the network's own error {100 * Number(network["error"]):F0} %; of the waves it seems to learn mostly what is nearly affine, which the test has to leave out. A smaller mark does not find such a thief with every key: with a budget of .005 z is {Of("0.005", "4", Network)} and {Of("0.005", "4", Network + " on 20000 answers")} with 4 directions, {Of("0.005", "16", Network)} and {Of("0.005", "16", Network + " on 20000 answers")} with 16; of the linear map {Of("0.005", "4", Linear)} with 4. Models that saw no mark, and wrong keys, have z of {innocent.Min():F1} to {innocent.Max():F1}. Ranges are over three keys, few. A thief who trains a convolutional network or starts from a published one was not tried.

            What is left over is weighted by the inverse of its covariance plus its own mean. How much of the mean was chosen on four other keys, which are not in the table.
            """);
    }

    private static string SayProbes(IReadOnlyList<Dictionary<string, string>> rows)
    {
        string Of(int place) => string.Create(CultureInfo.InvariantCulture, $"{Number(rows[place]["z"]):F1} ({Number(rows[place]["least"]):F1} to {Number(rows[place]["greatest"]):F1}) with {Number(rows[place]["probes"]):N0} probes");
        return $"Such a network's z is {Of(0)}, {Of(2)} and {Of(rows.Count - 1)}: it hardly grows with them. What the network learned otherwise seems to be alike on all probes, so that more of them do not average it away. The probes are images that the thief never asked. `verify` of an output of embeddings makes this test on files, functions and served models, with 20,000 random keys, controls and a verdict; it plans by the least of these three keys: 1,500 probes for p of .0001, and none where the mark is smaller than the default.";
    }

    private static string SayRetrieval(IReadOnlyList<Dictionary<string, string>> rows)
    {
        string Of(string budget)
        {
            Dictionary<string, string> row = rows.Single(row => row["budget"] == budget);
            return string.Create(CultureInfo.InvariantCulture, $"{100 * Number(row["recall"]):F1} % ({100 * Number(row["least_recall"]):F1} % with the worst key)");
        }

        double SameLabel(string budget) => 100 * Number(rows.Single(row => row["budget"] == budget)["same_label"]);
        return string.Create(CultureInfo.InvariantCulture, $"""
            Of the ten nearest neighbours among 5,000 embeddings, who searches released ones with a released one finds {Of("0.02")} at the default mark, {Of("0.005")} with a budget of .005, {100 * Number(rows.Single(row => row["budget"] == "0")["recall"]):F1} % without a mark. Of those found, {SameLabel("0.02"):F1} %, {SameLabel("0.005"):F1} % and {SameLabel("0"):F1} % have the query's label: neighbours change places with others that are as good. One model and data set of ten classes.
            """);
    }

    private static string SayCollusion(IReadOnlyList<Dictionary<string, string>> rows)
    {
        (double exponent, double half) = Fit(rows, "answers");
        (double copied, double copiedHalf) = Fit(rows, "copy");
        double Mean(string suspect, string accounts, string column) => rows.Where(row => row["suspect"] == suspect && row["accounts"] == accounts).Average(row => Number(row[column]));
        return string.Create(CultureInfo.InvariantCulture, $"""
            The payload's length falls with the accounts that pool their answers as n to the power {exponent:F2} ± {half:F2} (pooled answers) and {copied:F2} ± {copiedHalf:F2} (copies of them; 95 %): as 1/sqrt(n), what random phases give. Of 64 accounts, one alone ranks {Mean("answers", "1", "best_rank"):F1} by its answers and {Mean("copy", "1", "best_rank"):F1} by a copy, on the mean. **Two that pool hide each other**: the phase that is left lies between theirs, where other accounts' are, and the better of the two ranks {Mean("answers", "2", "best_rank"):F1}. A payload names one account that acts alone, and nobody in a pool; with copies not even one surely.
            """);
    }

    private static string SayTraps(IReadOnlyList<Dictionary<string, string>> rows)
    {
        string Of(string kind) => string.Join(" / ", rows.Where(row => row["rows"] == kind).Select(row => (100 * Number(row["share"])).ToString("0.##", CultureInfo.InvariantCulture)));
        string[] none = [.. rows.Where(row => row["target"] == "fashion" && row["trapped"] == "0" && row["rows"] != "honest").Select(row => row["rows"])];
        string upper = string.Join(" / ", rows.Where(row => row["rows"] == "honest").Select(row => (100 * Number(row["upper95"])).ToString("0.##", CultureInfo.InvariantCulture)));
        return $"Honest rows fall into traps in {Of("honest")} % of cases (Fashion / letters; at most {upper} % with 95 % confidence), uniform noise in {Of("uniform")} %. On Fashion **no trap is found by** {string.Join(", ", none)}: traps catch who asks noise, not who stays near real inputs.";
    }

    private static string SayFingerprint(IReadOnlyList<Dictionary<string, string>> rows)
    {
        Dictionary<string, string> Of(string data, string stolen, string statistic = FingerprintExperiment.Ratio) =>
            rows.Single(row => row["data"] == data && row["stolen"].StartsWith(stolen + " (", StringComparison.Ordinal) && row["statistic"] == statistic);
        string Area(string data, string stolen) => string.Create(CultureInfo.InvariantCulture, $"{Number(Of(data, stolen)["auc"]):F3} ({Number(Of(data, stolen)["low"]):F3} to {Number(Of(data, stolen)["high"]):F3})");
        string Share(string data, string stolen, string column) => (100 * Number(Of(data, stolen)[column])).ToString("0.#", CultureInfo.InvariantCulture);
        string Agreement(string stolen, string of) => Number(Of("fashion", stolen, "agreement on " + of)["auc"]).ToString("F3", CultureInfo.InvariantCulture);
        const string Unseen = "of architectures the owner did not train";
        const string FalseClaims = "independents normal p<.01";
        return $"""
            Two targets, and for each 32 stolen and 32 independent models of 16 architectures: linear, perceptrons of one to four hidden layers, convolutions, a kernel machine on random features (on letters perceptrons instead of convolutions). No row serves two purposes, and no target, thief or independent model here was looked at when the method was chosen (that was on another target, with the same probes). Area under the curve, with 95 % interval: Fashion {Area("fashion", "all")}, letters {Area("letters", "all")}; .95 was asked for on Fashion. Of copies of labels alone: Fashion {Area("fashion", "labels")}, letters {Area("letters", "labels")}. Of stolen models {Unseen}: Fashion {Area("fashion", Unseen)}, letters {Area("letters", Unseen)}. **Convolutional copies on Fashion are the weak place: {Area("fashion", "convolutional")}**, with a normal p below .01 in {Share("fashion", "convolutional", "stolen normal p<.01")} % of cases; a convolutional model errs otherwise than the perceptron it copied.

            The statistic is the mean log-likelihood ratio of a suspect's labels: how much likelier each is of a copy than of an independent model, as ten pairs of models show that the owner trains, each pair on the same rows and from the same weights, one with true labels and one with the target's. Plain agreement with the target does not do: of copies of labels on Fashion its area is {Agreement("labels", "all probes")} on all probes, {Agreement("labels", "mistakes")} on the target's mistakes. Near the target's boundary it was worse than chance, for there it counts accuracy: which of two labels leads is hardly learned by copies, and where the target happens to be right, models that learned true labels from more rows are right more often. That group is gone.

            The rank p cannot be below one in the number of controls and one. The normal p, which the test's note gives beside it, can: it takes statistics of independent models for normally distributed. Each independent model against the others of its target, it is below .01 in {Share("fashion", "all", FalseClaims)} % of cases on Fashion and {Share("letters", "all", FalseClaims)} % on letters; of stolen models in {Share("fashion", "all", "stolen normal p<.01")} and {Share("letters", "all", "stolen normal p<.01")} %. Far out in the tail nothing shows that it holds, so a verdict counts the rank p alone.
            """;
    }

    private static double Number(string field) => double.Parse(field, CultureInfo.InvariantCulture);
}
