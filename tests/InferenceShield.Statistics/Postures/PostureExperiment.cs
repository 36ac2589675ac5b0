namespace InferenceShield.Statistics.Postures;

/// <summary>What the default release of each posture costs honest users, and what of the model's last layer it gives away.</summary>
/// <remarks>No thief trains here: the figures say nothing about the cost of a copy.</remarks>
internal static class PostureExperiment
{
    private const int FashionEpochs = 20;
    private const int LetterEpochs = 60;
    private const int FewLetterEpochs = 20;
    private const string Command = "dotnet run --project tests/InferenceShield.Statistics -c Release -- postures";
    private const int Seeds = 3;

    private static readonly int[] s_letterLayers = [128, 64];
    private static readonly int[] s_fashionLayers = [256, 128];

    public static void Run()
    {
        List<AcceptanceFigure> accepted = [];
        using (ResultFile file = new("posture-utility.csv",
            $"Mean over {Seeds} seeded models and splits (greatest, for the greatest L1); releases learned on 3000/1500 rows, measured on 7000/3500 others. Fashion-MNIST at 14x14, MLP 196-256-128-10, 40000 rows; letter, MLP 16-128-64-26, 10000 rows; {FashionEpochs} and {LetterEpochs} epochs of Adam. ECE in 15 bins; crossings of .9 as a share, of a release's own edges in rows. {Command}",
            "data,release,top-1 moved,invalid or changing,mean L1,greatest L1,ECE,ECE rise,AUROC,AUROC loss,Brier,Brier rise,crossings,crossings of own edges,distinct answers"))
        {
            foreach (bool fashion in (bool[])[true, false])
            {
                List<PostureRun> runs = [];
                for (int seed = 1; seed <= Seeds; seed++)
                {
                    runs.Add(fashion
                        ? PostureRun.Of(PostureData.Fashion((ulong)seed), s_fashionLayers, FashionEpochs, (ulong)seed)
                        : PostureRun.Of(PostureData.Letter((ulong)seed), s_letterLayers, LetterEpochs, (ulong)seed));
                    Console.WriteLine($"{runs[^1].Data} {seed}: accuracy {runs[^1].Accuracy:P1}");
                }

                foreach (string release in runs[0].Figures.Keys)
                {
                    PostureFigures mean = PostureRun.Mean(runs, release);
                    PostureFigures clean = PostureRun.Mean(runs, "clean");
                    file.Write(runs[0].Data, release, mean.TopMoved, mean.Invalid, mean.MeanDistance, mean.MaxDistance, mean.CalibrationError,
                        mean.CalibrationError - clean.CalibrationError, mean.Separation, clean.Separation - mean.Separation,
                        mean.Brier, mean.Brier - clean.Brier, mean.Crossings, mean.EdgeCrossings, mean.Distinct);
                }

                accepted.AddRange(Accept(runs));
            }
        }

        using (ResultFile file = new("posture-rank.csv",
            $"Letter, MLP 16-128-16-26, one seed, trained to the end or for a third of it: singular value 16 over 17 of row- and column-centred log-probabilities of 5000 answers (the larger of all and of the least saturated fifth), of the same inputs shrunk, and of the subset without the altered classes. {Command}",
            "epochs,release,natural,shrunk to 1/2,shrunk to 1/4,subset attack,distinct answers,bits beyond the label"))
        {
            foreach (RankRow row in RunRank())
            {
                file.Write(row.Epochs, row.Release, row.Natural, row.ShrunkToHalf, row.ShrunkToQuarter, row.Subset, row.Distinct, row.Bits);
                accepted.AddRange(RankExperiment.Accept(row));
            }
        }

        using ResultFile acceptance = new("posture-acceptance.csv", $"What releases have to keep. {Command}", "data,release,figure,measured,lowest,highest,kept");
        foreach (AcceptanceFigure figure in accepted)
        {
            acceptance.Write(figure.Data, figure.Release, figure.Figure, figure.Measured, figure.Lowest, figure.Highest, figure.IsKept ? "yes" : "no");
        }
    }

    /// <summary>A small run for tests: the first letter model.</summary>
    public static PostureRun RunSlice() => PostureRun.Of(PostureData.Letter(1), s_letterLayers, LetterEpochs, 1);

    /// <summary>The leak check of a model trained to the end, and of one that is less sure of itself.</summary>
    public static IEnumerable<RankRow> RunRank() => [.. RankExperiment.Run(LetterEpochs, seed: 1), .. RankExperiment.Run(FewLetterEpochs, seed: 1)];

    public static IEnumerable<AcceptanceFigure> Accept(List<PostureRun> runs)
    {
        string data = runs[0].Data;
        PostureFigures clean = PostureRun.Mean(runs, "clean");
        foreach (string release in runs[0].Figures.Keys.Where(release => release != "clean"))
        {
            yield return new(data, release, "top-1 moved", PostureRun.Mean(runs, release).TopMoved, 0, 0);
            yield return new(data, release, "invalid or changing", PostureRun.Mean(runs, release).Invalid, 0, 0);
        }

        yield return new(data, "clean", "accuracy", runs.Average(run => run.Accuracy), data == "letter" ? 0.93 : 0.88, 1);
        PostureFigures rounded = PostureRun.Mean(runs, "round 2");
        yield return new(data, "round 2", "greatest L1", rounded.MaxDistance, 0, 0.08);
        yield return new(data, "round 2", "AUROC loss", clean.Separation - rounded.Separation, -1, 0.008);
        yield return new(data, "round 2", "ECE rise", rounded.CalibrationError - clean.CalibrationError, -1, 0.003);

        int classes = data == "letter" ? 26 : 10;
        PostureFigures bands = PostureRun.Mean(runs, "bands8 + runner-up");
        yield return new(data, "bands8 + runner-up", "AUROC loss", clean.Separation - bands.Separation, -1, 0.02);
        yield return new(data, "bands8 + runner-up", "ECE rise", bands.CalibrationError - clean.CalibrationError, -1, 0.01);
        yield return new(data, "bands8 + runner-up", "crossings of own edges", bands.EdgeCrossings, 0, 0);
        yield return new(data, "bands8 + runner-up", "crossings of .9", bands.Crossings, 0, 0);
        yield return new(data, "bands8 + runner-up", "Brier rise", bands.Brier - clean.Brier, -1, 0.015);
        yield return new(data, "bands8 + runner-up", "distinct answers", bands.Distinct, 1, classes * 8 * classes);

        PostureFigures three = PostureRun.Mean(runs, "bands3");
        yield return new(data, "bands3", "AUROC loss", clean.Separation - three.Separation, -1, 0.11);
        yield return new(data, "bands3", "ECE rise", three.CalibrationError - clean.CalibrationError, -1, 0.01);

        yield return new(data, "least information", "objective gap to the linear program", runs.Max(run => run.ObjectiveGap), -1e-9, 1e-9);
        yield return new(data, "least information", "L1 beyond the budget", runs.Max(run => run.BudgetExcess), -2, 1e-9);
        yield return new(data, "keyed noise .2", "error after 64 repeats by error of one", runs.Average(run => run.AveragingGain), 0.9999, 1.0001);
        yield return new(data, "cell of 1 decimal", "near-duplicates in one cell", runs.Average(run => run.CellKept), 0.65, 1);
    }
}
