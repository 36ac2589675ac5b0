using System.Numerics;
using InferenceShield.Lab;

namespace InferenceShield.Tests;

public sealed class DetectionProfileTests
{
    [Theory]
    [InlineData(OutputKind.Logits)]
    [InlineData(OutputKind.SigmoidProbabilities)]
    public void Models_of_thousands_of_labels_can_be_learned(OutputKind kind)
    {
        const int Classes = 1_500;
        SignalSample sample = new(200, 8, Classes, 1);
        using ShieldSecret secret = SignalSample.Secret();
        float[] scores = kind == OutputKind.Logits ? sample.Logits : [.. sample.Logits.Select(score => Math.Clamp(score, 0, 1))];
        DetectionProfile profile = DetectionProfile.Learn(secret, "species", InputKind.Tabular, kind, sample.Inputs, sample.Length, scores, Classes);
        QuerySignals signals = default;
        profile.Measure(sample.Input(0), scores.AsSpan(0, Classes), 5, ref signals);
        Assert.All(((ReadOnlySpan<float>)signals.Scalars).ToArray(), scalar => Assert.True(float.IsFinite(scalar)));
        Assert.True(signals.Scalars[(int)SignalScalar.SecondSurprise] > 0);
    }

    [Theory]
    [InlineData(InputKind.Image, 300, 3, 1)]
    [InlineData(InputKind.Image, 784, 3, 255)] // bytes
    [InlineData(InputKind.Image, 2500, 3, 1)] // folded onto 1,024
    [InlineData(InputKind.Tabular, 12, 3, 1)] // laid down 21 times
    [InlineData(InputKind.Tabular, 1100, 40, 1)] // few rows of each label
    [InlineData(InputKind.Image, 50, 70, 1)] // diagonal covariances of answers
    public void Scalars_and_SimHash_are_those_of_the_formulas(InputKind kind, int length, int classes, float scale)
    {
        SignalSample sample = new(600, length, classes, 11, scale);
        DetectionProfile profile = sample.Learn(kind);
        SignalOracle oracle = new(sample, kind);
        for (int row = 0; row < sample.Rows; row += 61)
        {
            QuerySignals found = sample.Measure(profile, row);
            double[] expected = oracle.Scalars(row);
            for (int i = 0; i < QuerySignals.ScalarCount; i++)
            {
                double tolerance = 2e-3 * Math.Max(1, Math.Abs(expected[i]));
                Assert.True(Math.Abs(found.Scalars[i] - expected[i]) <= tolerance, $"{(SignalScalar)i} of row {row} is {expected[i]}, not {found.Scalars[i]}");
            }

            (ulong bits, ulong sure) = oracle.SimHash(row);
            Assert.Equal(bits & sure, found.SimHash & sure);
            Assert.True(BitOperations.PopCount(sure) > 56);
            Assert.Equal(5UL, found.Exact);
        }
    }

    [Fact]
    public void Label_second_and_confidence_are_those_of_the_answer()
    {
        SignalSample sample = new(200, 20, 4, 3);
        DetectionProfile profile = sample.Learn();
        QuerySignals signals = default;
        profile.Measure(sample.Input(0), [1, 3, 2, 0], 0, ref signals);
        Assert.Equal((1, 2), (signals.Label, signals.Second));
        Assert.Equal(1 / (1 + Math.Exp(-2) + Math.Exp(-1) + Math.Exp(-3)), signals.Confidence, 6);
        Assert.Equal(1, signals.Scalars[(int)SignalScalar.LogMargin], 5);
    }

    [Fact]
    public void Medians_halve_benign_rows_and_another_secret_gives_other_hashes()
    {
        SignalSample sample = new(800, 200, 4, 4);
        DetectionProfile profile = sample.Learn();
        DetectionProfile other = sample.Learn(secret: 2);
        int[] ones = new int[64];
        int different = 0;
        double[] positions = new double[sample.Rows];
        for (int row = 0; row < sample.Rows; row++)
        {
            QuerySignals signals = sample.Measure(profile, row);
            different += BitOperations.PopCount(signals.SimHash ^ sample.Measure(other, row).SimHash);
            positions[row] = signals.Position[2];
            for (int bit = 0; bit < 64; bit++)
            {
                ones[bit] += (int)(signals.SimHash >> bit & 1);
            }
        }

        Assert.All(ones, count => Assert.InRange(count, (sample.Rows / 2) - 2, sample.Rows / 2));
        Assert.InRange(different / (64.0 * sample.Rows), .45, .55);
        Assert.InRange(Math.Sqrt(positions.Average(p => p * p)), .7, 1.4);
        Assert.NotEqual(profile.Id, other.Id);
        Assert.NotEqual(profile.Id, sample.Learn(model: "letters").Id);
        Assert.Equal(profile.Id, sample.Learn().Id);
    }

    [Fact]
    public void Near_inputs_have_near_hashes_and_far_ones_do_not()
    {
        SignalSample sample = new(400, 784, 4, 5);
        DetectionProfile profile = sample.Learn();
        SeededRandom random = new(6, 1);
        int near = 0;
        int far = 0;
        for (int row = 0; row < 100; row++)
        {
            float[] input = [.. sample.Input(row)];
            QuerySignals changed = default;
            for (int i = 0; i < input.Length; i++)
            {
                input[i] += .002f * random.NextSigned();
            }

            profile.Measure(input, sample.Scores(row), 0, ref changed);
            ulong hash = sample.Measure(profile, row).SimHash;
            near += BitOperations.PopCount(hash ^ changed.SimHash);
            far += BitOperations.PopCount(hash ^ sample.Measure(profile, row + 200).SimHash);
        }

        Assert.InRange(near / 100.0, 0, 1);
        Assert.InRange(far / 100.0, 16, 40);
    }

    [Theory]
    [InlineData(InputKind.Image, 784)]
    [InlineData(InputKind.Image, 3000)]
    [InlineData(InputKind.Tabular, 9)]
    public void Numbers_that_are_not_finite_poison_nothing(InputKind kind, int length)
    {
        SignalSample sample = new(300, length, 5, 6);
        sample.Inputs[3] = float.NaN;
        sample.Inputs[length + 1] = float.NegativeInfinity;
        sample.Logits[7] = float.NaN;
        sample.Logits[11] = float.PositiveInfinity;
        DetectionProfile profile = sample.Learn(kind);
        float[] specials = [float.NaN, float.PositiveInfinity, float.NegativeInfinity, float.MaxValue, float.MinValue, float.Epsilon];
        SeededRandom random = new(8, 1);
        for (int round = 0; round < 300; round++)
        {
            float[] input = [.. sample.Input(round)];
            float[] scores = [.. sample.Scores(round)];
            for (int i = 0; i < 1 + (round % 9); i++)
            {
                input[random.NextInt32(length)] = specials[random.NextInt32(specials.Length)];
                scores[random.NextInt32(5)] = specials[random.NextInt32(specials.Length)];
            }

            AssertFinite(profile, round == 0 ? [.. input.Select(_ => float.NaN)] : input, round == 1 ? [.. scores.Select(_ => float.NaN)] : scores);
        }

        // One number that is not one counts as 0 (of an image) and as the mean (of a feature).
        float[] zero = [.. sample.Input(9)];
        float[] nan = [.. zero];
        nan[2] = float.NaN;
        zero[2] = kind == InputKind.Image ? 0 : (float)Enumerable.Range(0, sample.Rows).Average(r => (double)sample.Input(r)[2]);
        QuerySignals expected = default;
        QuerySignals found = default;
        profile.Measure(zero, sample.Scores(9), 0, ref expected);
        profile.Measure(nan, sample.Scores(9), 0, ref found);
        Assert.Equal(expected.Scalars[(int)SignalScalar.Mean], found.Scalars[(int)SignalScalar.Mean], 5);
        Assert.InRange(BitOperations.PopCount(expected.SimHash ^ found.SimHash), 0, 1);
    }

    [Theory]
    [InlineData(OutputKind.Probabilities, 4, 4)]
    [InlineData(OutputKind.SigmoidLogits, 1, 2)]
    [InlineData(OutputKind.SigmoidProbabilities, 1, 2)]
    [InlineData(OutputKind.SigmoidLogits, 6, 6)]
    [InlineData(OutputKind.Regression, 1, 1)]
    [InlineData(OutputKind.Embedding, 128, 1)]
    public void Every_kind_of_answer_is_measured(OutputKind kind, int length, int classes)
    {
        SeededRandom random = new(9, 1);
        float[] scores = new float[300 * length];
        for (int i = 0; i < scores.Length; i++)
        {
            scores[i] = kind is OutputKind.Probabilities or OutputKind.SigmoidProbabilities ? (1 + random.NextSigned()) / 2 : 4 * random.NextSigned();
        }

        using ShieldSecret secret = SignalSample.Secret();
        DetectionProfile profile = DetectionProfile.Learn(secret, "digits", InputKind.Image, kind, [], 0, scores, length);
        Assert.Equal((classes, length, 0), (profile.Classes, profile.ScoreLength, profile.InputLength));
        QuerySignals signals = default;
        for (int row = 0; row < 300; row++)
        {
            ReadOnlySpan<float> answer = scores.AsSpan(row * length, length);
            profile.Measure([], answer, 77, ref signals);
            float[] values = [.. answer];
            int label = classes == 1 ? 0 : length == 1 ? (values[0] > (kind == OutputKind.SigmoidLogits ? 0 : .5f) ? 1 : 0) : Array.IndexOf(values, values.Max());
            Assert.Equal(label, signals.Label);
            Assert.Equal(classes == 1, float.IsNaN(signals.Confidence));
            Assert.Equal((0UL, 0UL), (signals.SimHash, signals.Exact));
            for (int i = QuerySignals.OutputScalarCount; i < QuerySignals.ScalarCount; i++)
            {
                Assert.Equal(0, signals.Scalars[i]);
            }
        }

        AssertFinite(profile, [], [.. Enumerable.Repeat(float.NaN, length)]);
        AssertFinite(profile, [], [.. Enumerable.Repeat(float.MaxValue, length)]);
        AssertFinite(profile, [], [.. Enumerable.Repeat(float.NegativeInfinity, length)]);
    }

    [Fact]
    public void Binary_answers_are_measured_as_two_classes_and_labels_alone_have_no_second()
    {
        using ShieldSecret secret = SignalSample.Secret();
        float[] scores = [.. Enumerable.Range(0, 200).Select(i => i % 20 / 20f)];
        DetectionProfile binary = DetectionProfile.Learn(secret, "digits", InputKind.Image, OutputKind.SigmoidProbabilities, [], 0, scores, 1);
        QuerySignals signals = default;
        binary.Measure([], [.9f], 0, ref signals);
        Assert.Equal((1, 0), (signals.Label, signals.Second));
        Assert.Equal(.9f, signals.Confidence);
        Assert.Equal(1, signals.Scalars[(int)SignalScalar.LogConfidence], 4);
        Assert.Equal(Math.Log(9), signals.Scalars[(int)SignalScalar.LogMargin], 4);

        float[] labels = new float[200 * 3];
        for (int row = 0; row < 200; row++)
        {
            labels[(row * 3) + (row % 3)] = 1;
        }

        DetectionProfile hard = DetectionProfile.Learn(secret, "digits", InputKind.Image, OutputKind.Probabilities, [], 0, labels, 3);
        hard.Measure([], [0, 0, 1], 0, ref signals);
        Assert.Equal((2, 2, 1f), (signals.Label, signals.Second, signals.Confidence));
        QuerySignals first = signals;
        hard.Measure([], [1, 0, 0], 0, ref signals);
        for (int i = 0; i < QuerySignals.OutputScalarCount; i++)
        {
            Assert.Equal(first.Scalars[i], signals.Scalars[i], 5);
        }
    }

    [Fact]
    public void Constant_features_and_constant_rows_are_measured()
    {
        SignalSample sample = new(150, 8, 3, 10);
        for (int row = 0; row < sample.Rows; row++)
        {
            sample.Inputs[(row * 8) + 5] = 1e6f;
        }

        DetectionProfile profile = sample.Learn(InputKind.Tabular);
        float[] input = [.. sample.Input(0)];
        QuerySignals before = sample.Measure(profile, 0);
        input[5] = -3;
        QuerySignals after = default;
        profile.Measure(input, sample.Scores(0), 5, ref after);
        for (int i = 0; i < QuerySignals.ScalarCount; i++)
        {
            Assert.Equal(before.Scalars[i], after.Scalars[i]);
        }

        sample.Inputs.AsSpan().Fill(2);
        AssertFinite(sample.Learn(InputKind.Tabular), input, [1, 2, 3]);
        AssertFinite(sample.Learn(), input, [1, 2, 3]);
    }

    [Fact]
    public void Measuring_allocates_nothing()
    {
        foreach (int length in (int[])[784, 5000])
        {
            SignalSample sample = new(120, length, 10, 12);
            DetectionProfile profile = sample.Learn();
            QuerySignals signals = default;
            Assert.Equal(0, Allocations.Least(() => profile.Measure(sample.Input(1), sample.Scores(1), 1, ref signals)));
        }
    }

    [Fact]
    public void A_file_gives_the_same_profile()
    {
        foreach (int length in (int[])[60, 2000])
        {
            SignalSample sample = new(250, length, 3, 13);
            DetectionProfile profile = sample.Learn(InputKind.Tabular);
            DetectionProfile read = Read(Write(profile));
            Assert.Equal((profile.Id, profile.Classes, profile.InputLength, profile.OutputKind, profile.InputKind), (read.Id, read.Classes, read.InputLength, read.OutputKind, read.InputKind));
            Assert.Equal(Write(profile), Write(read));
            for (int row = 0; row < 250; row++)
            {
                QuerySignals expected = sample.Measure(profile, row);
                QuerySignals found = sample.Measure(read, row);
                Assert.Equal(expected.Scalars[..].ToArray(), found.Scalars[..].ToArray());
                Assert.Equal((expected.SimHash, expected.Label, expected.Position[3]), (found.SimHash, found.Label, found.Position[3]));
            }
        }
    }

    [Fact]
    public void A_file_of_another_secret_or_model_or_an_altered_one_is_refused()
    {
        byte[] file = Write(new SignalSample(120, 6, 3, 14).Learn());
        Assert.Contains("secret", Assert.Throws<InvalidDataException>(() => Read(file, secret: 2)).Message, StringComparison.Ordinal);
        Assert.Contains("'letters'", Assert.Throws<InvalidDataException>(() => Read(file, model: "letters")).Message, StringComparison.Ordinal);
        for (int i = 0; i < file.Length; i += i < 64 ? 1 : 37)
        {
            byte[] altered = [.. file];
            altered[i] ^= 0x10;
            Assert.Throws<InvalidDataException>(() => Read(altered));
            Assert.Throws<InvalidDataException>(() => Read(file[..i]));
        }
    }

    [Fact]
    public void What_cannot_be_learned_is_refused_by_name()
    {
        Refuse("100 whole rows", InputKind.Image, OutputKind.Logits, 99, 4, 99 * 4, 3);
        Refuse("row of 4 numbers of input", InputKind.Image, OutputKind.Logits, 100, 4, 399, 3);
        Refuse("Tokens", InputKind.Tokens, OutputKind.Logits, 100, 4, 400, 3);
        Refuse("State", InputKind.Image, OutputKind.State, 100, 4, 400, 3);
        Refuse("TokenLogits", InputKind.Image, OutputKind.TokenLogits, 100, 4, 400, 3);
        Refuse("at least 2", InputKind.Image, OutputKind.Logits, 100, 4, 400, 1);
        DetectionProfile profile = new SignalSample(120, 6, 3, 14).Learn();
        QuerySignals signals = default;
        Assert.Contains("6 numbers", Assert.Throws<ArgumentException>(() => profile.Measure([1, 2], [1, 2, 3], 0, ref signals)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => profile.Measure([1, 2, 3, 4, 5, 6], [1, 2], 0, ref signals));

        static void Refuse(string part, InputKind inputKind, OutputKind outputKind, int rows, int inputLength, int inputs, int classes)
        {
            using ShieldSecret secret = SignalSample.Secret();
            Assert.Contains(
                part,
                Assert.ThrowsAny<ArgumentException>(() => DetectionProfile.Learn(secret, "digits", inputKind, outputKind, new float[inputs], inputLength, new float[rows * classes], classes)).Message,
                StringComparison.Ordinal);
        }
    }

    private static void AssertFinite(DetectionProfile profile, float[] input, float[] scores)
    {
        QuerySignals signals = default;
        profile.Measure(input, scores, 1, ref signals);
        foreach (float scalar in signals.Scalars)
        {
            Assert.True(float.IsFinite(scalar));
        }

        foreach (float position in signals.Position)
        {
            Assert.True(float.IsFinite(position));
        }

        Assert.InRange(signals.Label, 0, profile.Classes - 1);
        Assert.InRange(signals.Second, 0, profile.Classes - 1);
    }

    private static byte[] Write(DetectionProfile profile)
    {
        using MemoryStream stream = new();
        using BinaryWriter writer = new(stream);
        profile.Write(writer);
        writer.Flush();
        return stream.ToArray();
    }

    private static DetectionProfile Read(byte[] file, byte secret = 1, string model = "digits")
    {
        using ShieldSecret material = SignalSample.Secret(secret);
        using DetectionKey key = DetectionKey.Of(material, model);
        using BinaryReader reader = new(new MemoryStream(file));
        return DetectionProfile.Read(reader, key);
    }
}
