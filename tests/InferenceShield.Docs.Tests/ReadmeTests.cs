using System.Numerics.Tensors;
using System.Text.RegularExpressions;
using InferenceShield.Docs.Tests.Readme;
using InferenceShield.Lab;
using InferenceShield.OnnxRuntime;
using InferenceShield.Samples;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Xunit;

namespace InferenceShield.Docs.Tests;

/// <summary>README code is compiled, equal to what is compiled, and does what the text around it says.</summary>
public sealed partial class ReadmeTests
{
    private static readonly string s_root = SampleFiles.FindRoot();

    [Theory]
    [InlineData("console", "ConsoleSnippet.cs")]
    [InlineData("di", "DependencyInjectionSnippet.cs")]
    [InlineData("spans", "SpansSnippet.cs")]
    [InlineData("callers", "CallersSnippet.cs")]
    [InlineData("limiter", "LimiterSnippet.cs")]
    [InlineData("release", "ReleaseSnippet.cs")]
    [InlineData("detection", "DetectionSnippet.cs")]
    [InlineData("marks", "MarksSnippet.cs")]
    [InlineData("proof", "ProofSnippet.cs")]
    public void Readme_code_is_the_code_that_is_compiled(string snippet, string file)
    {
        string readme = File.ReadAllText(Path.Combine(s_root, "README.md"));
        Match match = Regex.Match(readme, $"<!-- snippet: {snippet} -->\n```csharp\n(.*?)```", RegexOptions.Singleline);
        Assert.True(match.Success, $"README.md has no snippet '{snippet}'.");
        Assert.Equal(ReadSnippet(file), match.Groups[1].Value.TrimEnd());
    }

    [Fact]
    public void Every_csharp_block_of_the_readme_is_a_snippet()
    {
        string readme = File.ReadAllText(Path.Combine(s_root, "README.md"));
        Assert.Equal(CodeBlock().Count(readme), Snippet().Count(readme));
        Assert.Equal(9, Snippet().Count(readme));
    }

    [Fact]
    public void The_json_of_the_readme_starts_the_host_of_the_readme()
    {
        string readme = File.ReadAllText(Path.Combine(s_root, "README.md"));
        string json = Regex.Match(readme, "```json\n(.*?)```", RegexOptions.Singleline).Groups[1].Value;
        float[] image = FashionDataset.LoadSubset().GetImage(0).ToArray();
        float[] answer = new float[FashionDataset.ClassCount];
        InTemporaryFolder(async folder =>
        {
            File.WriteAllText(Path.Combine(folder, "appsettings.json"), json);
            HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { ContentRootPath = folder });
            builder.Configuration.AddJsonFile(Path.Combine(folder, "appsettings.json"));
            IHost? started = null;
            ShieldedSession session = await DependencyInjectionSnippet.RunAsync(builder, host => started = host);
            Assert.True(session.Run(session.Shield.IdentifyCaller("customer-17"), image, answer).IsAdmitted);
            Assert.Equal(1, answer.Sum(), 1e-5);
            await started!.StopAsync();
            started.Dispose();
        });
    }

    [Fact]
    public async Task The_code_of_the_readme_about_callers_does_what_it_says()
    {
        using Shield shield = new ShieldBuilder("fashion")
            .UseSecret(ShieldSecrets.Ephemeral())
            .AddOutput("probabilities", OutputKind.Probabilities)
            .Build();
        using ShieldedSession session = new(shield, SampleFiles.GetModel("fashion.onnx"));
        float[] image = FashionDataset.LoadSubset().GetImage(0).ToArray();
        float[] answer = new float[FashionDataset.ClassCount];
        CallersSnippet.Run(shield, session, image, answer);
        Assert.NotNull(CallersSnippet.Run(shield, session, image, answer)); // watched from the first time on
        Assert.Equal(AdmissionReason.Blocked, session.Run(shield.IdentifyCaller("customer-99"), image, answer).Reason);
        Assert.True(shield.TryGetTenant(shield.IdentifyCaller("acme"), out CallerStatistics tenant));
        Assert.Equal(2, tenant.Calls);

        CallerHandle handle = shield.GetHandle(shield.IdentifyCaller("customer-18"));
        Assert.True(await LimiterSnippet.RunAsync(shield, _ => handle, new LimiterSnippet.Request("customer-18")));
    }

    [Fact]
    public void The_code_of_the_readme_about_releases_serves_and_reports()
    {
        Random random = new(4);
        float[] logits = [.. Enumerable.Range(0, 3000).Select(i => i % 10 == i / 10 % 10 ? 4 + (float)random.NextDouble() : (float)(random.NextDouble() * 3))];
        float[] clean = [.. logits.Chunk(10).SelectMany(row =>
        {
            double sum = row.Sum(logit => Math.Exp(logit));
            return row.Select(logit => (float)(Math.Exp(logit) / sum));
        })];
        float[] released = new float[clean.Length];
        for (int row = 0; row < clean.Length; row += 10)
        {
            HardeningSteps.Round(clean.AsSpan(row, 10), released.AsSpan(row, 10));
        }

        InTemporaryFolder(folder =>
        {
            string before = Environment.CurrentDirectory;
            Environment.CurrentDirectory = folder;
            try
            {
                using ShieldSecret secret = ShieldSecrets.FromEnvironment("INFERENCE_SHIELD_SECRET").GetSecret();
                (Shield shield, UtilityStatistics cost, LeakReport leak) = ReleaseSnippet.Run(secret, logits, clean, released, serving =>
                {
                    CallerKey suspect = serving.IdentifyCaller("suspect");
                    serving.Overrides.Set(suspect, new CallerOverride { Posture = Posture.Guarded });
                    foreach (CallerKey caller in (CallerKey[])[suspect, serving.IdentifyCaller("honest")])
                    {
                        float[] answer = logits[..10];
                        Admission admission = serving.Admit(caller, new byte[1]);
                        serving.Harden(in admission, answer, 10);

                        // Beside label and second label all are alike, but for the grid step that does not divide.
                        float[] others = [.. answer.Order().SkipLast(2)];
                        Assert.Equal(caller == suspect, others[^1] - others[0] < 2e-5f);
                    }
                });
                using (shield)
                {
                    Assert.Equal((1, 0), (cost.Rows, cost.TopChanged));
                    Assert.Equal(300, leak.Answers);
                    Assert.NotEmpty(leak.Findings);
                }
            }
            finally
            {
                Environment.CurrentDirectory = before;
            }

            return Task.CompletedTask;
        });
    }

    [Fact]
    public void The_console_code_of_the_readme_answers()
    {
        FashionDataset images = FashionDataset.LoadSubset();
        float[] answer = new float[FashionDataset.ClassCount];
        InTemporaryFolder(folder =>
        {
            string before = Environment.CurrentDirectory;
            Environment.CurrentDirectory = folder;
            try
            {
                ConsoleSnippet.Run(images.GetImage(0).ToArray(), answer);
            }
            finally
            {
                Environment.CurrentDirectory = before;
            }

            return Task.CompletedTask;
        });
        Assert.Equal(images.Labels.Span[0], TensorPrimitives.IndexOfMax<float>(answer));
    }

    [Fact]
    public void The_span_code_of_the_readme_hardens()
    {
        using Shield shield = new ShieldBuilder("any").UseSecret(ShieldSecrets.Ephemeral()).AddOutput("scores", OutputKind.Logits).Build();
        float[] scores = new float[10];
        Admission admission = SpansSnippet.Run(shield, shield.IdentifyCaller("customer-17"), new byte[8], new float[2], scores, new Engine());
        Assert.True(admission.IsAdmitted);
        Assert.Equal(3, TensorPrimitives.IndexOfMax<float>(scores));
        Assert.Equal(1, scores.Sum(), 1e-6);
    }

    [Fact]
    public void The_code_of_the_readme_about_marks_and_proof_finds_a_copy_and_leaves_a_stranger_alone()
    {
        FashionDataset images = FashionDataset.LoadSubset();
        Dataset logged = new("fashion", images.Images, FashionDataset.PixelCount);
        InTemporaryFolder(async folder =>
        {
            string before = Environment.CurrentDirectory;
            Environment.CurrentDirectory = folder;
            try
            {
                using OnnxClassifier model = new("fashion.onnx", "probabilities");
                using OnnxClassifier independent = new(SampleFiles.GetModel("fashion-cnn.onnx"), "probabilities");
                float[] scores = new float[logged.Count * model.ClassCount];
                model.Classify(logged.Values.Span, scores);
                using (Shield shield = MarksSnippet.Run())
                {
                    CallerKey thief = shield.IdentifyCaller("thief");
                    shield.Overrides.Set(thief, new CallerOverride { Posture = Posture.Restricted, Unlimited = true });
                    for (int row = 0; row < logged.Count; row++)
                    {
                        Admission admission = shield.Admit(thief, new byte[1]);
                        shield.Harden(in admission, logged.GetRow(row), scores.AsSpan(row * 10, 10), scores.AsSpan(row * 10, 10), 10);
                    }
                }

                using ShieldSecret secret = ShieldSecrets.FromEnvironment("INFERENCE_SHIELD_SECRET").GetSecret();
                using EvidenceKey key = EvidenceKey.Of(secret, "fashion");
                EvidenceReader list = EvidenceReader.Open("fashion.evidence", key);
                Assert.InRange(list.Records, 20, 400);
                Assert.Equal(FashionDataset.PixelCount * sizeof(float), list.Read().First().ReadInput().Length * sizeof(float));

                WatermarkOptions watermark = new() { NearTie = new NearTieMarkOptions { Margin = 0.2 } };
                VerificationReport copy = await ProofSnippet.RunAsync(secret, watermark, model, logged, new Answers(scores, logged), independent);
                VerificationReport stranger = await ProofSnippet.RunAsync(secret, watermark, model, logged, independent, independent);
                Assert.Equal(OwnershipVerdict.ConsistentWithCopying, copy.Verdict);
                Assert.NotEqual(OwnershipVerdict.ConsistentWithCopying, stranger.Verdict);
            }
            finally
            {
                Environment.CurrentDirectory = before;
            }
        });
    }

    [Fact]
    public void The_code_of_the_readme_about_detection_runs_without_a_calibration_too()
    {
        using Shield shield = new ShieldBuilder("any").UseSecret(ShieldSecrets.Ephemeral()).AddOutput("scores", OutputKind.Logits).Build();
        float[] scores = [0, 1, 2, 9, 4, 5, 6, 7, 8, 3];
        Assert.Null(DetectionSnippet.Run(shield, shield.IdentifyCaller("customer-17"), new float[2], scores));
        Assert.Equal(1, scores.Sum(), 1e-6);
    }

    [Theory]
    [InlineData("README.md")]
    [InlineData("CONTRIBUTING.md")]
    [InlineData("SECURITY.md")]
    [InlineData("CHANGELOG.md")]
    [InlineData("docs/efficacy.md")]
    [InlineData("nuget/README.md")]
    [InlineData("benchmarks/README.md")]
    [InlineData("samples/data/README.md")]
    [InlineData("samples/models/README.md")]
    [InlineData("samples/FashionApi/README.md")]
    public void Links_to_files_lead_somewhere(string document)
    {
        string path = Path.Combine(s_root, document);
        foreach (Match link in Link().Matches(File.ReadAllText(path)))
        {
            string target = link.Groups[1].Value.Split('#')[0];
            if (target.Length > 0 && !target.Contains("://", StringComparison.Ordinal))
            {
                Assert.True(Path.Exists(Path.Combine(Path.GetDirectoryName(path)!, target)), $"{document} links to '{target}', which does not exist.");
            }
        }
    }

    /// <summary>The lines between the markers, without the hidden ones, moved to the margin.</summary>
    private static string ReadSnippet(string file)
    {
        string source = File.ReadAllText(Path.Combine(s_root, "tests", "InferenceShield.Docs.Tests", "Readme", file));
        string body = Regex.Match(source, "// begin: \\w+\n(.*?)\n +// end", RegexOptions.Singleline).Groups[1].Value;
        body = Regex.Replace(body, " +// hidden: begin\n.*?// hidden: end\n", "", RegexOptions.Singleline);
        return string.Join('\n', body.Split('\n').Select(line => line.StartsWith("        ", StringComparison.Ordinal) ? line[8..] : line)).TrimEnd();
    }

    /// <summary>A folder with the README's model in it, and the README's secret in the environment.</summary>
    /// <summary>A copy that remembers all it was told.</summary>
    private sealed class Answers(float[] answers, Dataset asked) : IClassifier
    {
        public int InputLength => asked.Width;

        public int ClassCount => answers.Length / asked.Count;

        public void Classify(ReadOnlySpan<float> inputs, Span<float> probabilities)
        {
            for (int row = 0; row < inputs.Length / InputLength; row++)
            {
                int place = 0;
                while (!asked.GetRow(place).SequenceEqual(inputs.Slice(row * InputLength, InputLength)))
                {
                    place++;
                }

                answers.AsSpan(place * ClassCount, ClassCount).CopyTo(probabilities.Slice(row * ClassCount, ClassCount));
            }
        }
    }

    private static void InTemporaryFolder(Func<string, Task> action)
    {
        string folder = Directory.CreateTempSubdirectory("inference-shield-docs-").FullName;
        Environment.SetEnvironmentVariable("INFERENCE_SHIELD_SECRET", Convert.ToBase64String([.. Enumerable.Range(0, 32).Select(i => (byte)i)]));
        try
        {
            File.Copy(SampleFiles.GetModel("fashion.onnx"), Path.Combine(folder, "fashion.onnx"));
            action(folder).GetAwaiter().GetResult();
        }
        finally
        {
            Environment.SetEnvironmentVariable("INFERENCE_SHIELD_SECRET", null);
            Directory.Delete(folder, recursive: true);
        }
    }

    [GeneratedRegex("^```csharp", RegexOptions.Multiline)]
    private static partial Regex CodeBlock();

    [GeneratedRegex("^<!-- snippet: ", RegexOptions.Multiline)]
    private static partial Regex Snippet();

    [GeneratedRegex("\\]\\(([^)]+)\\)")]
    private static partial Regex Link();

    private sealed class Engine : SpansSnippet.IEngine
    {
        public void Run(float[] input, float[] scores) => scores[3] = 5;
    }
}
