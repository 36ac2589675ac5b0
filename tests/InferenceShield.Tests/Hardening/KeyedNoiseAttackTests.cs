using System.Security.Cryptography;
using InferenceShield.Numerics;

namespace InferenceShield.Tests;

/// <summary>What a thief gets who knows how the noise works and not the key: the figures that <see cref="NoiseCell"/> states.</summary>
public sealed class KeyedNoiseAttackTests
{
    private const int Rows = 200;
    private const int Classes = 5;
    private const int MostRepeats = 64;
    private const double Budget = 0.2;

    private static readonly NoiseKey s_key = new(TestShield.Secret(5));

    /// <summary>Row 10 of the acceptance figures: the error after averaging 64 repeats is that of one.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Averaging_repeats_gains_exactly_nothing(bool ofExactInput)
    {
        NoiseCell cell = ofExactInput ? NoiseCell.ExactInput : NoiseCell.Output;
        foreach (NoiseKind kind in Enum.GetValues<NoiseKind>())
        {
            double[] clean = Softmax(Logits(new Random(1)));
            double[] first = Release(clean, cell, 7, kind);
            for (int repeat = 1; repeat < MostRepeats; repeat++)
            {
                Assert.Equal(first, Release(clean, cell, 7, kind));
            }
        }
    }

    /// <summary>Near-repeats move every logit by .05. Two in three stay in the output cell of the first, and averaging 64 leaves
    /// three quarters of the noise; of noise that follows the exact input it leaves a sixth.</summary>
    [Fact]
    public void Averaging_near_repeats_gains_little_in_output_cells_and_much_from_exact_inputs()
    {
        double[] output = AverageNearRepeats(NoiseCell.Output);
        Assert.InRange(output[1], 0.82, 0.94); // 2
        Assert.InRange(output[3], 0.72, 0.86); // 8
        Assert.InRange(output[6], 0.66, 0.82); // 64
        double[] exact = AverageNearRepeats(NoiseCell.ExactInput);
        Assert.InRange(exact[1], 0.58, 0.72);
        Assert.InRange(exact[3], 0.28, 0.40);
        Assert.InRange(exact[6], 0.10, 0.22);
    }

    /// <summary>Confident answers of one label share their noise. Whoever takes it off another answer is some hundredths away
    /// from the clean one; but so is who releases nothing and guesses 1 for the label.</summary>
    [Fact]
    public void The_shared_noise_of_confident_answers_tells_little_that_the_label_does_not()
    {
        Random random = new(2);
        double released = 0;
        double guessed = 0;
        double denoised = 0;
        for (int row = 0; row < Rows; row++)
        {
            double[] clean = Confident(random);
            double[] other = Confident(random);
            double[] noisy = Release(clean, NoiseCell.Output, 0, NoiseKind.Uniform, budget: 1);
            double[] noisyOther = Release(other, NoiseCell.Output, 0, NoiseKind.Uniform, budget: 1);
            double[] label = [1, 0, 0, 0, 0];
            released += Distance(noisy, clean);
            guessed += Distance(label, clean);
            denoised += Distance([.. noisy.Select((value, i) => value - noisyOther[i] + label[i])], clean);
        }

        Assert.True(released > 5 * guessed, $"released {released}, guessed {guessed}");
        Assert.InRange(denoised / guessed, 0.3, 2);
    }

    /// <summary>The bits of any machine and any version: another answer to the same query would let a caller average the two.</summary>
    [Fact]
    public void The_bits_of_an_answer_never_change()
    {
        double[] weights = [.. Enumerable.Range(0, 100).Select(i => (double)((i * 37 % 64) + 1))];
        double[] clean = [.. weights.Select(weight => weight / 4096)];
        clean[1] += 1 - clean.Sum(); // all exact: multiples of 2^-12
        string[] digests = [.. Enum.GetValues<NoiseKind>().Select(kind =>
        {
            byte[] bits = [.. Release(clean, NoiseCell.Output, 0, kind).SelectMany(BitConverter.GetBytes)];
            return Convert.ToHexStringLower(SHA256.HashData(bits))[..16];
        })];
        Assert.Equal(["9dad88c95ec13e08", "76c5ae4a563f0371", "4539d3153a0838c1"], digests);
    }

    /// <summary>What is left of the noise of one answer in the mean of 1, 2, 4, .. 64.</summary>
    private static double[] AverageNearRepeats(NoiseCell cell)
    {
        double[] errors = new double[7];
        for (int row = 0; row < Rows; row++)
        {
            Random random = new(row);
            double[] logits = Logits(random);
            double[] difference = new double[Classes];
            for (int repeat = 1; repeat <= MostRepeats; repeat++)
            {
                double[] clean = Softmax([.. logits.Select(logit => logit + (repeat == 1 ? 0 : 0.05 * Gaussian(random)))]);
                double[] noisy = Release(clean, cell, (ulong)((row * MostRepeats) + repeat), NoiseKind.Uniform);
                for (int i = 0; i < Classes; i++)
                {
                    difference[i] += noisy[i] - clean[i];
                }

                if (int.IsPow2(repeat))
                {
                    errors[int.Log2(repeat)] += difference.Sum(Math.Abs) / repeat;
                }
            }
        }

        return [.. errors.Select(error => error / errors[0])];
    }

    private static double[] Release(double[] clean, NoiseCell cell, ulong input, NoiseKind kind, double budget = Budget)
    {
        int top = Array.IndexOf(clean, clean.Max());
        Hash128 hash = cell == NoiseCell.Output ? s_key.HashOutput(clean, top) : s_key.HashInput(cell, new Hash128(input, 0));
        double[] noisy = [.. clean];
        KeyedNoise.Apply(noisy, top, budget, kind, s_key, hash, new double[clean.Length]);
        return noisy;
    }

    private static double[] Logits(Random random) => [.. Enumerable.Range(0, Classes).Select(_ => Gaussian(random))];

    /// <summary>From .96 to .999 for class 0.</summary>
    private static double[] Confident(Random random)
    {
        double rest = 0.001 + (0.039 * random.NextDouble());
        double[] others = Softmax([.. Logits(random)[1..]]);
        return [1 - rest, .. others.Select(value => value * rest)];
    }

    private static double[] Softmax(double[] logits)
    {
        double[] weights = [.. logits.Select(Math.Exp)];
        double sum = weights.Sum();
        return [.. weights.Select(weight => weight / sum)];
    }

    private static double Gaussian(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    private static double Distance(double[] left, double[] right) => left.Zip(right, (a, b) => Math.Abs(a - b)).Sum();
}
