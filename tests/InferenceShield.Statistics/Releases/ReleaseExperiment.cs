namespace InferenceShield.Statistics.Releases;

/// <summary>What learned releases cost honest users, on answers they were not learned from.</summary>
/// <remarks>No thief takes part: these figures say nothing about extraction.</remarks>
internal static class ReleaseExperiment
{
    private const string Command = "dotnet run --project tests/InferenceShield.Statistics -c Release -- releases";
    private const int Splits = 10;
    private const double Threshold = 0.9;

    private static readonly double[] s_usualEdges = [0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99];

    public static void Run()
    {
        using ResultFile file = new("learned-releases.csv",
            $"Learned on half of the 2000 committed images, measured on the other half; mean (greatest, for the greatest L1) over {Splits} seeded splits. ECE in 15 bins; crossings of {Threshold} and runner-up kept as shares; bands8 with and without a threshold place their edges by quantile. {Command}",
            "model,release,bands,top-1 moved,mean L1,greatest L1,ECE,ECE rise,AUROC,AUROC loss,crossings,runner-up kept,distinct answers,by fallback");
        foreach (string model in (string[])["fashion.onnx", "fashion-cnn.onnx"])
        {
            ModelAnswers answers = ModelAnswers.Of(model);
            Dictionary<string, List<ReleaseFigures>> figures = [];
            for (int split = 0; split < Splits; split++)
            {
                int[] rows = [.. Enumerable.Range(0, answers.Count)];
                new Random(split).Shuffle(rows);
                int[] heldOut = rows[(rows.Length / 2)..];
                float[] benign = answers.Answers(rows.AsSpan(0, rows.Length / 2));
                ReleaseFigures clean = ReleaseFigures.Of(answers, heldOut, (answer, released) => answer.CopyTo(released), Threshold);
                foreach ((string name, int bands, Release release, Func<double> fallback) in Releases(benign, heldOut.Length))
                {
                    ReleaseFigures measured = ReleaseFigures.Of(answers, heldOut, release, Threshold);
                    figures.TryAdd(name, []);
                    figures[name].Add(measured with
                    {
                        Bands = bands,
                        Fallback = fallback(),
                        CalibrationRise = measured.CalibrationError - clean.CalibrationError,
                        SeparationLoss = clean.Separation - measured.Separation,
                    });
                }
            }

            foreach ((string name, List<ReleaseFigures> all) in figures)
            {
                file.Write(model, name, Mean(f => f.Bands), Mean(f => f.TopMoved), Mean(f => f.MeanDistance), all.Max(f => f.GreatestDistance),
                    Mean(f => f.CalibrationError), Mean(f => f.CalibrationRise), Mean(f => f.Separation), Mean(f => f.SeparationLoss),
                    Mean(f => f.Crossings), Mean(f => f.RunnerUpKept), Mean(f => f.Distinct), Mean(f => f.Fallback));

                double Mean(Func<ReleaseFigures, double> select) => all.Average(select);
            }
        }
    }

    private static IEnumerable<(string Name, int Bands, Release Release, Func<double> Fallback)> Releases(float[] benign, int heldOut)
    {
        yield return ("clean", 0, (answer, released) => answer.CopyTo(released), () => 0);
        yield return Bands("bands8 with threshold", 8, [Threshold], false);
        yield return Bands("bands8 with threshold + runner-up", 8, [Threshold], true);
        yield return Bands("bands8 without threshold + runner-up", 8, [], true);
        yield return Bands("bands8 at .5 .6 .7 .8 .9 .95 .99", 1, s_usualEdges, false);
        yield return Bands("bands8 at .5 .6 .7 .8 .9 .95 .99 + runner-up", 1, s_usualEdges, true);
        yield return Bands("bands3 at .6 .9", 1, [0.6, 0.9], false);
        yield return Codebook("codebook16 cap .5 else bands8 + runner-up", 0.5);
        yield return Codebook("codebook16 cap 2 else bands8 + runner-up", 2);

        (string, int, Release, Func<double>) Bands(string name, int count, double[] edges, bool runnerUp)
        {
            ConfidenceBands bands = ConfidenceBands.Learn(benign, ModelAnswers.Classes, OutputKind.Probabilities, count, edges, runnerUp);
            return (name, bands.Confidences.Count, (answer, released) => bands.Release(answer, OutputKind.Probabilities, released), () => 0);
        }

        (string, int, Release, Func<double>) Codebook(string name, double cap)
        {
            ConfidenceBands bands = ConfidenceBands.Learn(benign, ModelAnswers.Classes, OutputKind.Probabilities, 8, [Threshold]);
            AnswerCodebook codebook = AnswerCodebook.Learn(benign, ModelAnswers.Classes, OutputKind.Probabilities, 16, cap);
            int fallen = 0;
            return (name, bands.Confidences.Count, (answer, released) =>
            {
                if (!codebook.TryRelease(answer, OutputKind.Probabilities, released))
                {
                    fallen++;
                    bands.Release(answer, OutputKind.Probabilities, released);
                }
            }, () => fallen / (double)heldOut);
        }
    }
}
