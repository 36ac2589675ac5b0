using System.Numerics.Tensors;
using Microsoft.Extensions.Options;

namespace InferenceShield.Tests;

/// <summary>Each kind of output and each step through a shield, posture by posture.</summary>
public sealed class OutputKindReleaseTests
{
    private static readonly float[] s_row = [0.05f, 0.55f, 0.17f, 0.2f, 0.03f];

    [Fact]
    public void Independent_scores_lose_a_decimal_and_then_all_but_their_side_of_the_threshold()
    {
        using Shield shield = TestShield.Build(OutputKind.SigmoidProbabilities, configure: options =>
        {
            options.Outputs[TestShield.Output].Classes = 3;
            options.Outputs[TestShield.Output].Thresholds = [0.5, 0.7, 0.9];
        });
        float[] scores = [0.496f, 0.7049f, 0.851f];
        Assert.Equal([0.49f, 0.7f, 0.85f], Ask(shield, Posture.Normal, scores));
        Assert.Equal([0.4f, 0.7f, 0.8f], Ask(shield, Posture.Guarded, scores));
        Assert.Equal([0f, 1f, 0f], Ask(shield, Posture.Restricted, scores));
    }

    [Fact]
    public void The_one_score_of_a_binary_model_is_a_sigmoid_on_its_side_of_a_half()
    {
        using Shield shield = TestShield.Build(OutputKind.SigmoidLogits);
        Assert.Equal([0.73f], Ask(shield, Posture.Normal, [1f]));
        Assert.Equal([0.7f], Ask(shield, Posture.Guarded, [1f]));
        Assert.Equal([1f], Ask(shield, Posture.Restricted, [1f]));
        Assert.Equal([0.49f], Ask(shield, Posture.Normal, [-0.001f]));
        Assert.Equal([0f], Ask(shield, Posture.Restricted, [-0.001f]));
    }

    [Fact]
    public void Of_token_logits_five_log_probabilities_leave_and_of_a_restricted_caller_one()
    {
        using Shield shield = TestShield.Build(OutputKind.TokenLogits);
        float[] logits = [.. Enumerable.Range(0, 50).Select(i => i == 31 ? 9f : (-i / 10f) - 0.04f)]; // .04: a decimal less shows
        float[] normal = Ask(shield, Posture.Normal, logits);
        float[] guarded = Ask(shield, Posture.Guarded, logits);
        float[] restricted = Ask(shield, Posture.Restricted, logits);
        double sum = logits.Sum(logit => Math.Exp(logit - 9));
        Assert.Equal(Math.Round(-Math.Log(sum), 2), normal[31], 1e-6);
        Assert.Equal(Math.Round(-9.04 - Math.Log(sum), 1), guarded[0], 1e-6);
        Assert.Equal([5, 5, 1], ((float[][])[normal, guarded, restricted]).Select(row => row.Count(float.IsFinite)));
        Assert.All((float[][])[normal, guarded, restricted], row => Assert.Equal(31, Array.IndexOf(row, row.Max())));
    }

    [Fact]
    public void Fewer_token_logits_for_normal_callers_are_as_few_for_guarded_ones()
    {
        using Shield shield = TestShield.Build(OutputKind.TokenLogits, new HardeningOptions { TopK = 3 });
        float[] logits = [.. Enumerable.Range(0, 50).Select(i => -i / 10f)];
        Assert.Equal([3, 3, 1], new[] { Posture.Normal, Posture.Guarded, Posture.Restricted }.Select(posture => Ask(shield, posture, logits).Count(float.IsFinite)));
    }

    [Fact]
    public void A_quantisation_step_grows_to_the_greatest_there_is_and_no_further()
    {
        using Shield shield = TestShield.Build(OutputKind.Regression, new HardeningOptions { QuantisationStep = 2e29 });
        Assert.All([Posture.Normal, Posture.Guarded, Posture.Restricted], posture => Assert.InRange(Ask(shield, posture, [1e30f])[0], 4e29f, 1.6e30f));
    }

    [Fact]
    public void A_confidence_that_is_capped_for_normal_callers_is_told_to_no_others()
    {
        using Shield shield = TestShield.Build(OutputKind.Probabilities, new HardeningOptions { ConfidenceCap = 0.7 });
        foreach (Posture posture in (Posture[])[Posture.Normal, Posture.Guarded, Posture.Restricted])
        {
            Assert.Equal(Ask(shield, posture, [0.75f, 0.2f, 0.05f])[0], Ask(shield, posture, [0.995f, 0.004f, 0.001f])[0]);
        }
    }

    [Fact]
    public void Fewer_digits_take_nothing_of_the_noise_of_the_posture_before()
    {
        // Of a length just below a power of ten, which rounding to one digit costs next to nothing.
        using Shield shield = TestShield.Build(OutputKind.Embedding, new HardeningOptions { CosineBudget = 0.02 });
        Random random = new(3);
        float[] vector = [.. Enumerable.Range(0, 96).Select(_ => (float)random.NextDouble() - 0.5f)];
        float scale = 0.99f / MathF.Sqrt(vector.Sum(value => value * value) / vector.Length);
        vector = Array.ConvertAll(vector, value => value * scale);
        double[] cosines = [.. new[] { Posture.Normal, Posture.Guarded, Posture.Restricted }.Select(posture => Cosine(vector, Ask(shield, posture, vector)))];
        Assert.InRange(cosines[1], 0, cosines[0] + 1e-3);
        Assert.InRange(cosines[2], 0, cosines[0] + 1e-3);
    }

    [Fact]
    public void A_quantised_value_is_half_a_step_from_the_clean_one_at_most_and_the_step_grows_tenfold()
    {
        using Shield shield = TestShield.Build(OutputKind.Regression, new HardeningOptions { QuantisationStep = 0.5 });
        float[] values = [.. Enumerable.Range(0, 400).Select(i => (i * 0.37f) - 60)];
        double step = 0.5;
        foreach (Posture posture in (Posture[])[Posture.Normal, Posture.Guarded, Posture.Restricted])
        {
            float[] released = Ask(shield, posture, values);
            Assert.All(values.Zip(released), pair => Assert.InRange(Math.Abs(pair.First - pair.Second), 0, (step / 2) + 1e-5));
            Assert.Contains(values.Zip(released), pair => Math.Abs(pair.First - pair.Second) > step / 4);
            Assert.Equal(released, Ask(shield, posture, values));
            step *= 10;
        }
    }

    [Fact]
    public void An_embedding_keeps_its_cosine_within_the_budget_and_has_none_where_rounding_takes_it()
    {
        using Shield shield = TestShield.Build(OutputKind.Embedding, new HardeningOptions { CosineBudget = 0.02 });
        Random random = new(3);
        float[] vector = [.. Enumerable.Range(0, 96).Select(_ => (float)random.NextDouble() - 0.5f)];
        Assert.InRange(Cosine(vector, Ask(shield, Posture.Normal, vector)), 0.98, 0.985);
        Assert.InRange(Cosine(vector, Ask(shield, Posture.Guarded, vector)), 0.98, 0.99); // rounding has more of the budget
        Assert.InRange(Cosine(vector, Ask(shield, Posture.Restricted, vector)), 0.86, 1);
    }

    [Fact]
    public void Each_step_of_the_options_is_the_one_of_the_static_interface_with_rounding_after_it()
    {
        float[] expected = new float[s_row.Length];
        Same(new HardeningOptions { ConfidenceCap = 0.5 }, () => HardeningSteps.ConfidenceCap(s_row, expected, 0.5));
        Same(new HardeningOptions { ConfidenceCutoff = 0.18 }, () => HardeningSteps.HighConfidence(s_row, expected, 0.18));
        Same(new HardeningOptions { ConfidenceCutoff = 0.18, ConfidenceCap = 0.6 }, () =>
        {
            HardeningSteps.HighConfidence(s_row, expected, 0.18);
            HardeningSteps.ConfidenceCap(expected, expected, 0.6);
        });
        Same(new HardeningOptions { TopK = 2, TopKRemainder = TopKRemainder.Shared }, () => HardeningSteps.TopK(s_row, expected, 2, TopKRemainder.Shared));
        Same(new HardeningOptions { TopK = 2 }, () => HardeningSteps.TopK(s_row, expected, 2));
        Same(new HardeningOptions { Temperature = 3 }, () => HardeningSteps.Temperature(s_row, expected, 3));
        Same(new HardeningOptions { ReverseSigmoid = new ReverseSigmoidOptions { Beta = 0.3, Gamma = 0.4 } }, () => HardeningSteps.ReverseSigmoid(s_row, expected, 0.3, 0.4));
        Same(new HardeningOptions { LeastInformationBudget = 0.2 }, () => HardeningSteps.LeastInformation(s_row, expected, 0.2));
        Same(new HardeningOptions { ProbabilityDigits = 1 }, () => HardeningSteps.RoundToSignificantDigits(s_row, expected, 1));

        void Same(HardeningOptions hardening, Action step)
        {
            hardening.Decimals = 5;
            step();
            using Shield shield = TestShield.Build(hardening: hardening);
            float[] released = shield.Release(s_row, s_row.Length);
            Assert.All(expected.Zip(released), pair => Assert.InRange(Math.Abs(pair.First - pair.Second), 0, 1.1e-5));
            Assert.NotEqual(s_row, released);
        }
    }

    [Fact]
    public void Keyed_steps_keep_label_and_budget_and_differ_between_secrets_and_kinds()
    {
        HashSet<string> answers = [];
        int count = 0;
        for (int secret = 1; secret <= 2; secret++)
        {
            foreach (NoiseKind kind in Enum.GetValues<NoiseKind>())
            {
                float[] noisy = Released(new HardeningOptions { KeyedNoiseBudget = 0.3, KeyedNoiseKind = kind, Decimals = 5 }, secret);
                Assert.InRange(noisy.Zip(s_row, (after, before) => Math.Abs(after - before)).Sum(), 0.15, 0.3 + 1e-4);
                answers.Add(string.Join(' ', noisy));
                count++;
            }
        }

        Assert.Equal(count, answers.Count);
        string[] drawn = [.. Enumerable.Range(1, 6).Select(secret => string.Join(' ', Released(
            new HardeningOptions { AdaptiveMisinformation = new AdaptiveMisinformationOptions { Tau = 0.9 }, Decimals = 5 }, secret)))];
        Assert.InRange(drawn.Distinct().Count(), 2, 6);

        // Above tau an answer stays as it is, unless nu makes the step flat.
        Assert.Equal(s_row, Released(new HardeningOptions { AdaptiveMisinformation = new AdaptiveMisinformationOptions { Tau = 0.5, Nu = 1000 }, Decimals = 5 }, 1));
        Assert.NotEqual(s_row, Released(new HardeningOptions { AdaptiveMisinformation = new AdaptiveMisinformationOptions { Tau = 0.5, Nu = 0 }, Decimals = 5 }, 1));

        static float[] Released(HardeningOptions hardening, int secret)
        {
            using Shield shield = TestShield.Build(hardening: hardening, secret: secret);
            float[] released = shield.Release(s_row, s_row.Length);
            Assert.Equal(1, Array.IndexOf(released, released.Max()));
            return released;
        }
    }

    [Fact]
    public void Keyed_noise_is_that_of_the_answers_cell_under_the_models_key()
    {
        using Shield shield = TestShield.Build(hardening: new HardeningOptions { KeyedNoiseBudget = 0.3, Decimals = 5 }, name: "fashion", secret: 9);
        NoiseKey key = new(ShieldSecretTests.Hkdf(TestShield.Secret(9), "noise/fashion", NoiseKey.Size));
        float[][] rows = [s_row, [.. s_row.Reverse()], [0.4f, 0.35f, 0.2f, 0.05f], [0.02f, 0.03f, 0.05f, 0.9f]];
        foreach (float[] row in rows)
        {
            float[] noisy = new float[row.Length];
            HardeningSteps.KeyedNoise(row, noisy, 0.3, key);
            HardeningSteps.Round(noisy, noisy, 5);
            float[] released = shield.Release(row, row.Length);
            Assert.All(released.Zip(noisy), pair => Assert.Equal(pair.Second, pair.First, 2.1e-5));
        }
    }

    [Theory]
    [InlineData(OutputKind.SigmoidLogits)]
    [InlineData(OutputKind.SigmoidProbabilities)]
    [InlineData(OutputKind.TokenLogits)]
    [InlineData(OutputKind.Embedding)]
    [InlineData(OutputKind.Regression)]
    public void A_row_that_is_not_finite_releases_nothing(OutputKind kind)
    {
        using Shield shield = TestShield.Build(kind, kind == OutputKind.Regression ? new HardeningOptions { QuantisationStep = 1 } : null);
        foreach (Posture posture in (Posture[])[Posture.Normal, Posture.Guarded, Posture.Restricted])
        {
            float[] released = [.. Enumerable.Repeat(7f, 12)];
            float[] clean = [.. Enumerable.Repeat(0.5f, 12)];
            clean[9] = float.NaN;
            CallerKey caller = CallerIn(shield, posture);
            Admission admission = shield.Admit(caller, new byte[2], 2);
            InvalidModelOutputException error = Assert.Throws<InvalidModelOutputException>(() => shield.Harden(in admission, clean, released, 6));
            Assert.Contains("row 1", error.Message, StringComparison.Ordinal);
            Assert.All(released, value => Assert.Equal(0, value));
        }
    }

    [Theory]
    [InlineData(OutputKind.SigmoidLogits, 4)]
    [InlineData(OutputKind.SigmoidProbabilities, 2)]
    [InlineData(OutputKind.TokenLogits, 20)]
    public void Rows_of_another_length_than_declared_are_an_error_and_nothing_leaves(OutputKind kind, int classes)
    {
        using Shield shield = TestShield.Build(kind, configure: options => options.Outputs[TestShield.Output].Classes = classes);
        foreach (Posture posture in (Posture[])[Posture.Normal, Posture.Guarded, Posture.Restricted])
        {
            float[] scores = [.. Enumerable.Repeat(0.123456f, 18)];
            Admission admission = shield.Admit(CallerIn(shield, posture), new byte[1]);
            ArgumentException error = Assert.Throws<ArgumentException>(() => shield.Harden(in admission, scores, 18));
            Assert.Contains($"Output 'scores' is declared with {classes} classes; these rows have 18.", error.Message, StringComparison.Ordinal);
            Assert.All(scores, score => Assert.Equal(0, score));
        }
    }

    [Theory]
    [InlineData(3)]
    [InlineData((1 << 20) + 1)]
    public void A_vocabulary_that_cannot_be_released_is_the_same_error_in_every_posture_and_nothing_leaves(int classes)
    {
        using Shield shield = TestShield.Build(OutputKind.TokenLogits);
        HashSet<string> messages = [];
        foreach (Posture posture in (Posture[])[Posture.Normal, Posture.Guarded, Posture.Restricted])
        {
            float[] logits = [.. Enumerable.Repeat(0.123456f, classes)];
            Admission admission = shield.Admit(CallerIn(shield, posture), new byte[1]);
            messages.Add(Assert.Throws<ArgumentException>(() => shield.Harden(in admission, logits, classes)).Message);
            Assert.DoesNotContain(logits, logit => logit != 0);
            Assert.Equal(0, shield.GetUtility(0, posture).Rows);
        }

        Assert.Single(messages);
    }

    [Fact]
    public void What_a_kind_does_not_take_is_a_fault_that_names_it()
    {
        Fails("Outputs:scores:Hardening:TopK does not apply to SigmoidLogits", OutputKind.SigmoidLogits, new HardeningOptions { TopK = 3 });
        Fails("Outputs:scores:Hardening:QuantisationStep does not apply to Embedding", OutputKind.Embedding, new HardeningOptions { QuantisationStep = 3 });
        Fails("Outputs:scores:Hardening:CosineBudget does not apply to Logits", OutputKind.Logits, new HardeningOptions { CosineBudget = .1 });
        Fails("Outputs:scores:Hardening:Release does not apply to Regression", OutputKind.Regression, new HardeningOptions { Release = Release.Bands });
        Fails("ReverseSigmoid", OutputKind.TokenLogits, new HardeningOptions { ReverseSigmoid = new ReverseSigmoidOptions() });
        Fails("Outputs:scores:Hardening:QuantisationStep is NaN; allowed: 1.2E-07, which float32 tells apart at 1, to 1E+30", OutputKind.Regression, new HardeningOptions { QuantisationStep = double.NaN });
        Fails("Outputs:scores:Hardening:CosineBudget is 1E-06; rounding to 3 digits alone", OutputKind.Embedding, new HardeningOptions { CosineBudget = 1e-6 });
        Fails("Outputs:scores:Hardening:QuantisationStep is 1E-07; allowed: 1.2E-07", OutputKind.Regression, new HardeningOptions { QuantisationStep = 1e-7 });
        Fails("Outputs:scores:Hardening:ConfidenceCutoff is 0.51; allowed: 0 to 0.5", OutputKind.Logits, new HardeningOptions { ConfidenceCutoff = 0.51 });
        Fails("Outputs:scores:Hardening:ConfidenceCutoff is NaN; allowed: 0 to 0.5", OutputKind.Logits, new HardeningOptions { ConfidenceCutoff = double.NaN });
        Fails("ConfidenceCutoff and ProbabilityDigits apply to Logits and Probabilities only, not to Regression", OutputKind.Regression, new HardeningOptions { ConfidenceCutoff = 0.1 });
        Fails("ConfidenceCutoff and ProbabilityDigits apply to Release Rounding, not to LabelOnly", OutputKind.Logits, new HardeningOptions { Release = Release.LabelOnly, ConfidenceCutoff = 0.1 });
        Fails("Outputs:scores:Hardening:ConfidenceCap is 0.4; allowed: 0.5 to 1", OutputKind.Logits, new HardeningOptions { ConfidenceCap = 0.4 });
        Fails("Outputs:scores:Hardening:ProbabilityDigits is 6; allowed: 1 to 5", OutputKind.Logits, new HardeningOptions { ProbabilityDigits = 6 });
        Fails("Outputs:scores:Hardening:ReverseSigmoid:Beta is 2; allowed: 0 to 1", OutputKind.Logits, new HardeningOptions { ReverseSigmoid = new ReverseSigmoidOptions { Beta = 2 } });
        Fails("Outputs:scores:Hardening:AdaptiveMisinformation:Nu is -1", OutputKind.Logits, new HardeningOptions { AdaptiveMisinformation = new AdaptiveMisinformationOptions { Nu = -1 } });
        Fails("Outputs:scores:Hardening:KeyedNoiseKind is 9; allowed: Uniform", OutputKind.Logits, new HardeningOptions { KeyedNoiseKind = (NoiseKind)9 });
        Fails("Outputs:scores:Hardening:TopKRemainder is 9; allowed: Zero", OutputKind.Logits, new HardeningOptions { TopKRemainder = (TopKRemainder)9 });
        Fails("each change the answer", OutputKind.Logits, new HardeningOptions { ReverseSigmoid = new ReverseSigmoidOptions(), KeyedNoiseBudget = 0.1 });
        Fails("ConfidenceCap, ConfidenceCutoff and ProbabilityDigits apply to Release Rounding", OutputKind.Logits, new HardeningOptions { Release = Release.Bands, ConfidenceCap = 0.9 });
        Fails("Outputs:scores:Hardening:TopK is 5000; of TokenLogits at most 1024", OutputKind.TokenLogits, new HardeningOptions { TopK = 5000 });
        Fails("Outputs:scores:Thresholds applies to SigmoidLogits", OutputKind.Logits, null, [0.5]);
        Fails("Outputs:scores:Thresholds is [0.5, 1]; allowed: one number", OutputKind.SigmoidLogits, null, [0.5, 1]);
        Fails("Outputs:scores:Thresholds has 2 numbers", OutputKind.SigmoidLogits, null, [0.5, 0.6]);
    }

    [Fact]
    public void A_posture_that_tells_more_than_the_one_before_it_is_a_fault_for_every_kind()
    {
        Laxer(OutputKind.Regression, new HardeningOptions { QuantisationStep = 1 }, new HardeningOptions { QuantisationStep = 0.5 });
        Laxer(OutputKind.Embedding, new HardeningOptions { SignificantDigits = 2 }, new HardeningOptions { SignificantDigits = 3 });
        Laxer(OutputKind.SigmoidLogits, new HardeningOptions { Release = Release.Bands }, new HardeningOptions { Release = Release.Rounding });
        Laxer(OutputKind.TokenLogits, new HardeningOptions { TopK = 3 }, new HardeningOptions { Release = Release.Rounding, TopK = 4 });
        Laxer(OutputKind.Logits, new HardeningOptions { Decimals = 2 }, new HardeningOptions { Release = Release.Rounding, ProbabilityDigits = 1 });
        Laxer(OutputKind.TokenLogits, new HardeningOptions { TopK = 3 }, new HardeningOptions { TopK = 4 });
        Laxer(OutputKind.TokenLogits, new HardeningOptions(), new HardeningOptions { TopK = 1000 });
        Laxer(OutputKind.Logits, new HardeningOptions { BandEdges = [0.5], Release = Release.Bands }, new HardeningOptions { BandEdges = [0.5, 0.9] });
        Laxer(OutputKind.Embedding, new HardeningOptions { SignificantDigits = 2, CosineBudget = 0.2 }, new HardeningOptions { SignificantDigits = 2, CosineBudget = 0 });
        Laxer(OutputKind.Logits, new HardeningOptions { ProbabilityDigits = 1 }, new HardeningOptions { Release = Release.Rounding, Decimals = 5 });
        Laxer(OutputKind.Logits, new HardeningOptions { ConfidenceCap = 0.9 }, new HardeningOptions { Release = Release.Rounding, ConfidenceCap = 0.99 });
        Laxer(OutputKind.Logits, new HardeningOptions { ConfidenceCutoff = 0.3 }, new HardeningOptions { Release = Release.Rounding, ConfidenceCutoff = 0.2 });
        Laxer(OutputKind.Logits, new HardeningOptions { KeyedNoiseBudget = 0.1 }, new HardeningOptions { Release = Release.Rounding });
        Laxer(OutputKind.Logits, new HardeningOptions { KeyedNoiseBudget = 0.1 }, new HardeningOptions { Release = Release.Rounding, KeyedNoiseBudget = 0.05, Decimals = 1 });
        Laxer(OutputKind.Logits, new HardeningOptions { LeastInformationBudget = 0.1, Release = Release.Bands }, new HardeningOptions());
        Laxer(OutputKind.Logits, new HardeningOptions { ReverseSigmoid = new ReverseSigmoidOptions() }, new HardeningOptions { Release = Release.Rounding });
        Laxer(OutputKind.Logits, new HardeningOptions { Release = Release.Bands, BandEdges = [0.5] }, new HardeningOptions { BandEdges = [0.5, 0.9] });
        Laxer(OutputKind.TokenLogits, new HardeningOptions { TopK = 3 }, new HardeningOptions { TopK = 4 });
        Laxer(OutputKind.Regression, new HardeningOptions(), new HardeningOptions { QuantisationStep = 1e-3 });
        Laxer(OutputKind.Embedding, new HardeningOptions { CosineBudget = 0.3 }, new HardeningOptions { CosineBudget = 0.01 });
        Laxer(OutputKind.Embedding, new HardeningOptions { CosineBudget = 0.3 }, new HardeningOptions { CosineBudget = 0 });

        static void Laxer(OutputKind kind, HardeningOptions normal, HardeningOptions guarded)
        {
            OptionsValidationException error = Assert.Throws<OptionsValidationException>(() =>
                TestShield.Build(kind, normal, options => options.Outputs[TestShield.Output].Guarded = guarded));
            Assert.Contains("Outputs:scores:Guarded tells more than Outputs:scores:Hardening", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_change_of_the_answer_is_a_postures_own_and_one_of_coarser_release_needs_none()
    {
        HardeningOptions noisy = new() { KeyedNoiseBudget = 0.3, Decimals = 5 };
        using Shield plain = TestShield.Build(hardening: new HardeningOptions { Decimals = 5 });
        using Shield shield = TestShield.Build(hardening: noisy);
        Assert.NotEqual(Ask(plain, Posture.Normal, s_row), Ask(shield, Posture.Normal, s_row));
        Assert.Equal(Ask(plain, Posture.Guarded, s_row), Ask(shield, Posture.Guarded, s_row));
        using Shield another = TestShield.Build(hardening: noisy, configure: options => options.Outputs[TestShield.Output].Guarded =
            new HardeningOptions { Release = Release.Rounding, LeastInformationBudget = 0.01, Decimals = 5 });
        using Shield more = TestShield.Build(hardening: noisy, configure: options => options.Outputs[TestShield.Output].Guarded =
            new HardeningOptions { Release = Release.Rounding, KeyedNoiseBudget = 0.3, Decimals = 5 });
        Assert.Equal(Ask(more, Posture.Normal, s_row), Ask(more, Posture.Guarded, s_row));
    }

    [Fact]
    public void Classes_that_are_cut_for_normal_callers_are_told_to_no_others()
    {
        using Shield shield = TestShield.Build(hardening: new HardeningOptions { ConfidenceCutoff = 0.3 });
        foreach (Posture posture in (Posture[])[Posture.Normal, Posture.Guarded, Posture.Restricted])
        {
            Assert.Equal(Ask(shield, posture, [0.05f, 0.7f, 0.2f, 0.05f]), Ask(shield, posture, [0.05f, 0.6f, 0.1f, 0.25f]));
        }

        Assert.Equal([0f, 0.58f, 0.42f, 0f], Ask(shield, Posture.Normal, [0.02f, 0.55f, 0.4f, 0.03f]));
    }

    [Fact]
    public void What_a_posture_leaves_out_follows_the_posture_before_for_every_kind()
    {
        float[] tokens = Released(OutputKind.TokenLogits, new HardeningOptions { TopK = 3 }, Posture.Guarded, [1, 2, 3, 4, 5, 6, 7]);
        Assert.Equal(3, tokens.Count(float.IsFinite));
        HardeningOptions capped = new() { ConfidenceCap = 0.9 };
        Assertions.SameBits(
            Released(OutputKind.Probabilities, capped, Posture.Guarded, [0.06f, 0.92f, 0.02f]), Released(OutputKind.Probabilities, capped, Posture.Guarded, [0.006f, 0.992f, 0.002f]));
        float[] vector = [.. Enumerable.Range(1, 256).Select(i => MathF.Sin(i))];
        double before = 1;
        foreach (Posture posture in new[] { Posture.Normal, Posture.Guarded, Posture.Restricted })
        {
            double cosine = TensorPrimitives.CosineSimilarity(vector, Released(OutputKind.Embedding, new HardeningOptions { CosineBudget = 0.05 }, posture, vector));
            Assert.InRange(cosine, 0.6, before < 1 ? before + 0.002 : 0.96);
            before = cosine;
        }

        static float[] Released(OutputKind kind, HardeningOptions normal, Posture posture, float[] clean)
        {
            using Shield shield = TestShield.Build(kind, normal);
            CallerKey caller = CallerIn(shield, posture);
            Admission admission = shield.Admit(caller, new byte[1]);
            float[] released = new float[clean.Length];
            shield.Harden(in admission, clean, released, clean.Length);
            return released;
        }
    }

    [Fact]
    public void A_step_of_another_kind_is_a_fault_where_the_output_names_it()
    {
        Fails("Outputs:scores:Hardening:SignificantDigits does not apply to Logits", OutputKind.Logits, new HardeningOptions { SignificantDigits = 1 });
        Fails("Outputs:scores:Hardening:Decimals does not apply to Regression", OutputKind.Regression, new HardeningOptions { Decimals = 1 });
    }

    private static void Fails(string expected, OutputKind kind, HardeningOptions? hardening, double[]? thresholds = null)
    {
        OptionsValidationException error = Assert.Throws<OptionsValidationException>(() =>
            TestShield.Build(kind, hardening, options => options.Outputs[TestShield.Output].Thresholds = thresholds));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    private static CallerKey CallerIn(Shield shield, Posture posture)
    {
        CallerKey caller = shield.IdentifyCaller(posture.ToString());
        shield.Overrides.Set(caller, new CallerOverride { Posture = posture });
        return caller;
    }

    private static float[] Ask(Shield shield, Posture posture, float[] clean)
    {
        Admission admission = shield.Admit(CallerIn(shield, posture), new byte[1]);
        Assert.Equal(posture, admission.Posture);
        float[] released = new float[clean.Length];
        shield.Harden(in admission, clean, released, clean.Length);
        return released;
    }

    private static double Cosine(float[] left, float[] right) =>
        left.Zip(right, (a, b) => (double)a * b).Sum() / Math.Sqrt(left.Sum(a => (double)a * a) * right.Sum(b => (double)b * b));
}
