using System.Buffers.Binary;
using System.Security.Cryptography;

namespace InferenceShield.Tests;

/// <summary>Answers to fixed rows, compared with a hash from another machine, vector width or day.</summary>
[Trait("Widths", "all")]
public sealed class FixedAnswersTests
{
    private static readonly BandSource s_bands = new([0.25, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99]);

    /// <summary>If this fails after a change that was meant to change answers: replicas of both versions answer differently.</summary>
    [Theory]
    [InlineData("rounded", "0aeae739b6900690d0d743fe8add979c")]
    [InlineData("temperature", "2930a8c05fda4e48e88ee141cb05c0ce")]
    [InlineData("leading classes", "e454616b127aa947577776269585ee46")]
    [InlineData("label only", "af31df6fdc84bf8d3d179441a60ac993")]
    [InlineData("bands", "93235e8a430f8cdf5c0fc0770badc8d9")]
    [InlineData("least information", "fc91085b5ba12791b576963ba7d7506f")]
    public void Answers_are_the_same_bits_everywhere(string plan, string hash)
    {
        using IncrementalHash answers = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (OutputKind kind in (OutputKind[])[OutputKind.Logits, OutputKind.Probabilities])
        {
            foreach (int classes in (int[])[1, 2, 3, 5, 8, 10, 16, 17, 100, 257, 1000])
            {
                for (uint row = 0; row < (classes < 20 ? 200 : 20); row++)
                {
                    Answer(plan, kind, MakeRow(kind, classes, row), answers);
                }
            }
        }

        Assert.Equal(hash, Convert.ToHexStringLower(answers.GetHashAndReset().AsSpan(0, 16)));
    }

    private static void Answer(string plan, OutputKind kind, float[] row, IncrementalHash answers)
    {
        if (plan == "least information")
        {
            double[] distribution = new double[row.Length];
            Assert.True(DistributionHardening.TryNormalize(new OutputPlan("scores", kind, new HardeningOptions()), row, distribution, out int top, out _, out _));
            LeastInformation.Apply(distribution, top, 0.3, distribution, new LeastInformationScratch(new double[row.Length], new double[row.Length], new int[row.Length]));
            GridRounding.Apply(distribution, top, 1000, new double[row.Length], new int[row.Length]);
            Add(answers, [.. distribution.Select(steps => (float)steps)]);
            return;
        }

        for (int decimals = 1; decimals <= 5; decimals++)
        {
            HardeningOptions options = new()
            {
                Decimals = decimals,
                Temperature = plan == "temperature" && kind == OutputKind.Logits ? 1.7 : 1,
                TopK = plan == "leading classes" ? 3 : null,
                Release = plan switch { "label only" => Release.LabelOnly, "bands" => Release.Bands, _ => null },
            };
            float[] released = new float[row.Length];
            Assert.True(DistributionHardening.TryHarden(new OutputPlan("scores", kind, options, bands: s_bands), HardeningStep.NoiseKey, row, released, out _, out _, out _));
            Add(answers, released);
        }
    }

    private static void Add(IncrementalHash answers, params ReadOnlySpan<float> values)
    {
        Span<byte> bytes = stackalloc byte[sizeof(float)];
        foreach (float value in values)
        {
            BinaryPrimitives.WriteSingleLittleEndian(bytes, value);
            answers.AppendData(bytes);
        }
    }

    /// <summary>Whole arithmetic and exact divisions only, so that the rows are the same everywhere too.</summary>
    private static float[] MakeRow(OutputKind kind, int classes, uint row)
    {
        float[] scores = new float[classes];
        uint state = (row * 2_654_435_761) + (uint)classes;
        for (int i = 0; i < classes; i++)
        {
            state = (state * 1_664_525) + 1_013_904_223;
            scores[i] = ((int)(state >> 16) - 32_768) / (float)(1024 << (int)(row % 6)); // from +-32 to +-1
        }

        if (kind == OutputKind.Logits)
        {
            return scores;
        }

        long[] weights = [.. scores.Select(score => (long)((score + 32) * 1024) + 1)];
        weights[row % classes] += weights.Sum() * (row % 7);
        long sum = weights.Sum();
        return [.. weights.Select(weight => (float)((double)weight / sum))];
    }
}
