using InferenceShield.Samples;
using InferenceShield.Statistics;
using InferenceShield.Statistics.Detection;
using InferenceShield.Statistics.Efficacy;
using InferenceShield.Statistics.Fingerprints;
using InferenceShield.Statistics.Ownership;
using InferenceShield.Statistics.Postures;
using InferenceShield.Statistics.Releases;
using InferenceShield.Statistics.Silence;
using InferenceShield.Statistics.Surrogates;

// Seeded simulations that write the CSV files under results/. The same seeds give the same files, but for the last digits
// of doubles where a platform's Math.Pow differs.
switch (args)
{
    case ["sketches"]:
        SketchStatistics.Run();
        return 0;
    case ["fingerprints"]:
        FingerprintExperiments.Run(Path.Combine(SampleFiles.FindRoot(), "tests", "InferenceShield.Statistics", "results"), Console.Out);
        return 0;
    case ["releases"]:
        ReleaseExperiment.Run();
        return 0;
    case ["efficacy", "page"]:
        EfficacyPage.WriteFiles(SampleFiles.FindRoot());
        return 0;
    case ["efficacy", .. string[] targets]:
        await EfficacyExperiment.RunAsync(
            Path.Combine(SampleFiles.FindRoot(), "tests", "InferenceShield.Statistics", "results"),
            targets.Length > 0 ? targets : [EfficacyTarget.Fashion, EfficacyTarget.Letters, EfficacyTarget.Styles], Console.Out).ConfigureAwait(false);
        return 0;
    case ["detection", "letters"]:
        LetterDetection.Run(Path.Combine(SampleFiles.FindRoot(), "tests", "InferenceShield.Statistics", "results"), Console.Out);
        return 0;
    case ["detection", "adaptive", string data]:
        AdaptiveDetection.Run(data, Path.Combine(SampleFiles.FindRoot(), "tests", "InferenceShield.Statistics", "results"), Console.Out);
        return 0;
    case ["detection", "poisoned"]:
        PoisonedDetection.Run(Path.Combine(SampleFiles.FindRoot(), "tests", "InferenceShield.Statistics", "results"), Console.Out);
        return 0;
    case ["detection", "page"]:
        DetectionPage.WriteFile(SampleFiles.FindRoot());
        return 0;
    case ["detection", .. string[] experiments]:
        DetectionExperiment.Run(Path.Combine(SampleFiles.FindRoot(), "tests", "InferenceShield.Statistics", "results"), experiments, Console.Out);
        return 0;
    case ["ownership-tokens"]:
        TokenMarkExperiment.Run();
        return 0;
    case ["ownership-directions"]:
        DirectionMarkExperiment.Run();
        return 0;
    case ["postures"]:
        PostureExperiment.Run();
        return 0;
    case ["silence"]:
        SilenceExperiment.Run();
        return 0;
    case ["surrogates", string folder]:
        SurrogateComparison.Run(folder);
        return 0;
    default:
        await Console.Error.WriteLineAsync("Usage: dotnet run --project tests/InferenceShield.Statistics -c Release -- sketches (or fingerprints, releases, postures, silence, efficacy, detection, surrogates FOLDER)").ConfigureAwait(false);
        return 1;
}
