using Microsoft.Extensions.Options;

namespace InferenceShield.Tests;

/// <summary>Noise that belongs to a region of input space or to the exact input, through a shield.</summary>
[Collection(ProcessWide.Name)]
public sealed class NoiseCellTests
{
    private static readonly Posture[] s_postures = [Posture.Normal, Posture.Guarded, Posture.Restricted];
    private static readonly float[] s_row = [0.05f, 0.55f, 0.17f, 0.2f, 0.03f];
    private static readonly float[] s_values = [.. Enumerable.Range(0, 96).Select(i => MathF.Sin(i) * 3)];

    [Fact]
    public void Noise_of_a_cell_is_what_the_step_alone_draws_of_it_under_the_models_key()
    {
        NoiseKey noise = new(ShieldSecretTests.Hkdf(TestShield.Secret(1), "noise/model", NoiseKey.Size));
        byte[] dither = ShieldSecretTests.Hkdf(TestShield.Secret(1), "dither/model", 16);
        byte[] embedding = ShieldSecretTests.Hkdf(TestShield.Secret(1), "embedding/model", 16);
        InputCell cell = new(0xABCD_0000_0000_0000);
        InputDigest digest = new(3, 4);
        float[] expected = new float[s_row.Length];
        float[] values = new float[s_values.Length];

        HardeningSteps.KeyedNoise(s_row, expected, 0.3, noise, NoiseKind.Laplace, cell);
        HardeningSteps.Round(expected, expected, 5);
        HardeningOptions distribution = new() { KeyedNoiseBudget = 0.3, KeyedNoiseKind = NoiseKind.Laplace, Decimals = 5, NoiseCell = NoiseCell.Input };
        Near(expected, Ask(OutputKind.Probabilities, distribution, s_row, cell));
        HardeningSteps.KeyedNoise(s_row, expected, 0.3, noise, NoiseKind.Laplace, digest);
        HardeningSteps.Round(expected, expected, 5);
        distribution.NoiseCell = NoiseCell.ExactInput;
        Near(expected, Ask(OutputKind.Probabilities, distribution, s_row, digest));

        HardeningSteps.Quantise(s_values, values, 0.5, dither, cell);
        Assertions.SameBits(values, Ask(OutputKind.Regression, new HardeningOptions { QuantisationStep = 0.5, NoiseCell = NoiseCell.Input }, s_values, cell));
        HardeningSteps.Quantise(s_values, values, 0.5, dither, digest);
        Assertions.SameBits(values, Ask(OutputKind.Regression, new HardeningOptions { QuantisationStep = 0.5, NoiseCell = NoiseCell.ExactInput }, s_values, digest));
        HardeningSteps.EmbeddingNoise(s_values, values, 0.05, embedding, cell);
        Assertions.SameBits(values, Ask(OutputKind.Embedding, new HardeningOptions { CosineBudget = 0.05, NoiseCell = NoiseCell.Input }, s_values, cell));
        HardeningSteps.EmbeddingNoise(s_values, values, 0.05, embedding, digest);
        Assertions.SameBits(values, Ask(OutputKind.Embedding, new HardeningOptions { CosineBudget = 0.05, NoiseCell = NoiseCell.ExactInput }, s_values, digest));

        static void Near(float[] expected, float[] released) =>
            Assert.All(released.Zip(expected), pair => Assert.Equal(pair.Second, pair.First, 2.1e-5));
    }

    [Fact]
    public void Each_row_has_its_own_inputs_noise_and_each_time_step_its_own_wherever_the_row_stands()
    {
        using Shield shield = TestShield.Build(hardening: new HardeningOptions { KeyedNoiseBudget = 0.3, Decimals = 5, NoiseCell = NoiseCell.Input });
        float[] clean = [.. s_row, .. s_row, .. s_row, .. s_row];
        float[] released = Ask(shield, Posture.Normal, clean, 2, [new InputCell(1), new InputCell(2)]);
        float[][] rows = [.. released.Chunk(s_row.Length)];
        Assert.Equal(4, rows.Select(row => string.Join(' ', row)).Distinct().Count());
        Assertions.SameBits([.. rows[2], .. rows[3], .. rows[0], .. rows[1]], Ask(shield, Posture.Normal, clean, 2, [new InputCell(2), new InputCell(1)]));
        Assertions.SameBits(rows[2], Ask(shield, Posture.Normal, s_row, 1, [new InputCell(2)]));
    }

    [Theory]
    [InlineData(OutputKind.Probabilities)]
    [InlineData(OutputKind.Regression)]
    [InlineData(OutputKind.Embedding)]
    public void Without_the_input_nothing_leaves_and_no_posture_shows(OutputKind kind)
    {
        // Noise for normal callers only: a guarded one must not be answered where they are not.
        foreach ((NoiseCell cell, string needed) in new[] { (NoiseCell.Input, "one InputCell a row"), (NoiseCell.ExactInput, "one InputDigest a row") })
        {
            using Shield shield = TestShield.Build(kind, Noisy(kind, cell));
            HashSet<string> messages = [];
            foreach (Posture posture in s_postures)
            {
                Admission admission = shield.Admit(CallerIn(shield, posture), new byte[1]);
                float[] scores = [.. s_row];
                messages.Add(Assert.Throws<InvalidOperationException>(() => shield.Harden(in admission, scores, scores.Length)).Message);
                Assert.All(scores, score => Assert.Equal(0, score));
                scores = [.. s_row];
                Action other = cell == NoiseCell.Input
                    ? () => shield.Harden(in admission, [new InputDigest(1, 2)], scores, scores, scores.Length)
                    : () => shield.Harden(in admission, [new InputCell(1)], scores, scores, scores.Length);
                messages.Add(Assert.Throws<InvalidOperationException>(other).Message);
                Assert.All(scores, score => Assert.Equal(0, score));
                Assert.Equal(0, shield.GetUtility(0, posture).Rows);
                Assert.Throws<ArgumentException>(() => shield.Harden(in admission, [new InputCell(1), new InputCell(2)], s_row, new float[s_row.Length], s_row.Length));
            }

            string message = Assert.Single(messages);
            Assert.Contains($"output 'scores' belongs to inputs (NoiseCell {cell})", message, StringComparison.Ordinal);
            Assert.Contains(needed, message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Inputs_that_no_noise_asks_for_change_nothing()
    {
        using Shield shield = TestShield.Build(hardening: new HardeningOptions { KeyedNoiseBudget = 0.3, Decimals = 5 });
        using Shield quiet = TestShield.Build(hardening: new HardeningOptions { NoiseCell = NoiseCell.Input });
        Assertions.SameBits(shield.Release(s_row, s_row.Length), Ask(shield, Posture.Normal, s_row, 1, [new InputCell(5)]));
        Assertions.SameBits(quiet.Release(s_row, s_row.Length), Ask(quiet, Posture.Normal, s_row, 1, [new InputCell(5)]));
    }

    [Fact]
    public void Calls_with_inputs_allocate_nothing()
    {
        foreach (OutputKind kind in (OutputKind[])[OutputKind.Probabilities, OutputKind.Regression, OutputKind.Embedding])
        {
            using Shield shield = TestShield.Build(kind, Noisy(kind, NoiseCell.ExactInput));
            CallerKey caller = shield.IdentifyCaller("caller");
            byte[] input = new byte[4];
            float[] released = new float[s_row.Length];
            Assert.Equal(0, Allocations.Least(() =>
            {
                for (int i = 0; i < 50; i++)
                {
                    InputDigest digest = shield.Digest(input);
                    Admission admission = shield.Admit(caller, [digest]);
                    shield.Harden(in admission, [digest], s_row, released, s_row.Length);
                }
            }));
        }
    }

    [Fact]
    public void Options_that_do_not_fit_are_faults_that_name_them()
    {
        Fails("Outputs:scores:Hardening:NoiseCell is 7; allowed: Output, Input or ExactInput", OutputKind.Logits, new HardeningOptions { NoiseCell = (NoiseCell)7 });
        Fails("Outputs:scores:Hardening:NoiseCell does not apply to SigmoidLogits", OutputKind.SigmoidLogits, new HardeningOptions { NoiseCell = NoiseCell.Input });
        Fails("Outputs:scores:Hardening:NoiseCell does not apply to TokenLogits", OutputKind.TokenLogits, new HardeningOptions { NoiseCell = NoiseCell.Input });
        Fails(
            "Outputs:scores:Guarded:NoiseCell is ExactInput, that of Outputs:scores:Hardening Input. A call gives one kind",
            OutputKind.Logits,
            new HardeningOptions { NoiseCell = NoiseCell.Input },
            new HardeningOptions { NoiseCell = NoiseCell.ExactInput });

        ShieldOptions options = TestShield.Options();
        options.Hardening = new HardeningOptions { KeyedNoiseBudget = 0.1, NoiseCell = NoiseCell.ExactInput };
        Assert.Contains(ShieldOptionsValidator.Warnings(options), warning => warning.StartsWith("NoiseCell ExactInput gives a near-duplicate other noise", StringComparison.Ordinal));
        options.Hardening.NoiseCell = NoiseCell.Input;
        Assert.DoesNotContain(ShieldOptionsValidator.Warnings(options), warning => warning.StartsWith("NoiseCell", StringComparison.Ordinal));
        options = TestShield.Options(OutputKind.SigmoidLogits);
        options.Hardening.NoiseCell = NoiseCell.Input;
        Assert.Equal(["Hardening: NoiseCell applies to none of the outputs and changes nothing."], ShieldOptionsValidator.Warnings(options));
    }

    private static HardeningOptions Noisy(OutputKind kind, NoiseCell cell) => kind switch
    {
        OutputKind.Regression => new HardeningOptions { QuantisationStep = 0.5, NoiseCell = cell },
        OutputKind.Embedding => new HardeningOptions { CosineBudget = 0.05, NoiseCell = cell },
        _ => new HardeningOptions { KeyedNoiseBudget = 0.3, NoiseCell = cell },
    };

    private static void Fails(string expected, OutputKind kind, HardeningOptions hardening, HardeningOptions? guarded = null)
    {
        OptionsValidationException error = Assert.Throws<OptionsValidationException>(() =>
            TestShield.Build(kind, hardening, options => options.Outputs[TestShield.Output].Guarded = guarded));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    private static CallerKey CallerIn(Shield shield, Posture posture)
    {
        CallerKey caller = shield.IdentifyCaller(posture.ToString());
        shield.Overrides.Set(caller, new CallerOverride { Posture = posture });
        return caller;
    }

    private static float[] Ask(OutputKind kind, HardeningOptions hardening, float[] clean, InputCell cell)
    {
        using Shield shield = TestShield.Build(kind, hardening);
        return Ask(shield, Posture.Normal, clean, 1, [cell]);
    }

    private static float[] Ask(OutputKind kind, HardeningOptions hardening, float[] clean, InputDigest digest)
    {
        using Shield shield = TestShield.Build(kind, hardening);
        Admission admission = shield.AdmitRows(1);
        float[] released = new float[clean.Length];
        shield.Harden(in admission, [digest], clean, released, clean.Length);
        return released;
    }

    private static float[] Ask(Shield shield, Posture posture, float[] clean, int rows, InputCell[] cells)
    {
        Admission admission = shield.Admit(CallerIn(shield, posture), new byte[rows], rows);
        float[] released = new float[clean.Length];
        shield.Harden(in admission, cells, clean, released, clean.Length > 20 ? clean.Length : s_row.Length);
        return released;
    }
}
