using System.Globalization;
using System.Security.Cryptography;
using InferenceShield.Lab;
using InferenceShield.OnnxRuntime;
using Microsoft.ML.OnnxRuntime;

namespace InferenceShield.Samples.Quickstart;

/// <summary>Marks labels, has them stolen, and proves it: on the copy, and not on a model of somebody who never asked.</summary>
internal static class Proving
{
    private const int Pool = 1_500;
    private const int Queries = 6_000;

    /// <returns>What was found, and whether the copy and nobody else was found out.</returns>
    public static async Task<(Table Table, bool IsSound)> RunAsync(string modelPath, FashionDataset images, SessionOptions options)
    {
        // Always the same, so that every run shows the same: never do that outside a sample.
        using ShieldSecret secret = new(SHA256.HashData("quickstart"u8));
        WatermarkOptions marks = new() { NearTie = new NearTieMarkOptions { Keying = MarkKeying.ExactInput } };
        using Shield shield = new ShieldBuilder("fashion")
            .UseSecret(ShieldSecrets.FromBytes(SHA256.HashData("quickstart"u8)))
            .AddOutput("probabilities", OutputKind.Probabilities)
            .Configure(o =>
            {
                o.Hardening.Watermark = marks;
                o.Admission.PerCaller.Burst = Queries;
            })
            .Build();
        CallerKey thief = shield.IdentifyCaller("thief");
        shield.Overrides.Set(thief, new CallerOverride { Posture = Posture.Restricted });
        using ShieldedSession session = new(shield, modelPath, sessionOptions: options);
        using ShieldedSessionOracle oracle = new(session, thief);

        using OnnxClassifier target = new(modelPath, output: "probabilities");
        Dataset all = new("fashion", images.Images, FashionDataset.PixelCount, Array.ConvertAll(images.Labels.ToArray(), label => (int)label), FashionDataset.ClassCount);
        Dataset asked = Theft.Shift(all.Slice(0, Pool));
        Attack labels = new("top-1", new PoolStrategy(), new LabelRecovery(), new SurrogateOptions());
        Lab.Theft stolen = await ExtractionExperiment.StealAsync(
            new ExtractionSetup("fashion", target, asked, all.Slice(Pool, all.Count - Pool)), ReleasePolicy.None, oracle, labels, Queries, 1, Environment.ProcessorCount, default);

        // What the log says that he asked; a list of marked queries would do (Evidence:File).
        IReadOnlyList<VerificationControl> strangers = VerificationControl.Train(all.Slice(0, Pool), FashionDataset.ClassCount, 2, seed: 5, threads: Environment.ProcessorCount);
        using MarkKey key = MarkKey.Of(secret, "fashion");
        VerificationRequest request = new()
        {
            Target = target,
            Key = key,
            Marks = new WatermarkOptions { NearTie = new NearTieMarkOptions { Margin = 0.2, Keying = MarkKeying.ExactInput } }, // of a restricted caller
            Queries = asked,
            Controls = [strangers[1]],
        };
        Table table = new("suspect", "near ties answered", "as the key picks", "p", "verdict");
        VerificationReport copy = await OwnershipVerifier.VerifyAsync(request, Suspect.Of("the copy", stolen.Copy, isLabelOnly: true));
        VerificationReport stranger = await OwnershipVerifier.VerifyAsync(request, Suspect.Of("trained on true labels", strangers[0].Model, isLabelOnly: true));
        foreach (VerificationReport report in new[] { copy, stranger })
        {
            OwnershipTestResult test = report.Tests[0];
            table.Add(
                report.Suspect, $"{test.Answers:N0}", string.Create(CultureInfo.InvariantCulture, $"{100 * test.Statistic:F0} %"),
                report.CombinedPValue.ToString("0.0e+0", CultureInfo.InvariantCulture), report.Verdict.ToString());
        }

        return (table, copy.Verdict == OwnershipVerdict.ConsistentWithCopying && stranger.Verdict != OwnershipVerdict.ConsistentWithCopying);
    }
}
