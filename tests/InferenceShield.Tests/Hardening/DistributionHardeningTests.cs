using FsCheck;
using FsCheck.Fluent;

namespace InferenceShield.Tests;

/// <summary>What holds for every released distribution, whatever the model gave and the options say.</summary>
[Trait("Widths", "all")]
public sealed class DistributionHardeningTests
{
    [Fact]
    public void Steps_times_the_grid_step_is_steps_by_the_units_on_every_grid()
    {
        for (int decimals = 1; decimals <= 5; decimals++)
        {
            OutputPlan plan = new("scores", OutputKind.Logits, new HardeningOptions { Decimals = decimals });
            for (int steps = 0; steps <= plan.GridUnits; steps++)
            {
                Assert.True((float)(steps * plan.GridStep) == (float)((double)steps / plan.GridUnits));
            }
        }
    }

    private static readonly Gen<Case> s_cases =
        from scores in ScoreCase.Any
        from options in HardeningCases.Any
        select new Case(scores, options);

    [Fact]
    public void The_released_row_is_a_distribution_on_the_grid_with_the_clean_leader_in_front()
    {
        Properties.Hold(s_cases, test =>
        {
            using Shield shield = test.Build();
            float[] clean = test.Scores.Scores();
            float[] released = shield.Release(clean, clean.Length);

            int top = Assertions.FirstOfLargest(clean);
            double units = Math.Pow(10, test.Options.Decimals);
            double sum = 0;
            long steps = 0;
            for (int i = 0; i < released.Length; i++)
            {
                Assert.True(float.IsFinite(released[i]) && released[i] >= 0 && !float.IsNegative(released[i]), $"class {i} is {released[i]}");
                Assert.True(i == top || released[i] < released[top], $"class {i} has {released[i]:R}, leader {top} has {released[top]:R}");
                double step = Math.Round(released[i] * units);
                Assert.Equal((float)(step / units), released[i]);
                sum += released[i];
                steps += (long)step;
            }

            Assert.InRange(sum, 1 - 1e-6, 1 + 1e-6);
            Assert.Equal((long)units, steps);
            Assert.Equal(0, shield.GetStatistics().TopChanged);
        }, tests: 1500);
    }

    [Fact]
    public void The_same_row_gets_the_same_answer_again_in_place_and_in_any_batch()
    {
        Properties.Hold(s_cases, test =>
        {
            using Shield shield = test.Build();
            int classes = test.Scores.Classes;
            float[][] rows = [.. Enumerable.Range(0, 3).Select(i => (test.Scores with { Seed = test.Scores.Seed ^ i }).Scores())];
            float[][] alone = [.. rows.Select(row => shield.Release(row, classes))];
            float[] batch = [.. rows.SelectMany(row => row)];
            float[] clean = [.. batch];
            Assertions.SameBits([.. alone.SelectMany(row => row)], shield.Release(batch, classes));
            Assertions.SameBits(clean, batch);

            Admission admission = shield.AdmitRows(3, "another caller");
            shield.Harden(in admission, batch, classes);
            Assertions.SameBits([.. alone.SelectMany(row => row)], batch);
            Assertions.SameBits(alone[2], shield.Release(rows[2], classes));
            Assert.Equal(3 + 3 + 3 + 1, shield.GetStatistics().Hardened);
        });
    }

    [Fact]
    public void Hardening_what_was_released_changes_nothing_without_noise_and_temperature()
    {
        Properties.Hold(s_cases, test =>
        {
            test.Options.KeyedNoiseBudget = test.Options.LeastInformationBudget = 0;
            test.Options.Temperature = 1;
            using Shield shield = test.Build();
            float[] released = shield.Release(test.Scores.Scores(), test.Scores.Classes);
            using Shield second = TestShield.Build(OutputKind.Probabilities, test.Options);
            Assertions.SameBits(released, second.Release(released, released.Length));
        }, tests: 500);
    }

    [Fact]
    public void Top_k_releases_k_classes_at_most_and_they_are_the_largest()
    {
        Gen<(ScoreCase Scores, int TopK, double Noise)> cases =
            from scores in ScoreCase.Any
            from topK in Gen.Frequency((3, Gen.Choose(2, 8)), (1, Gen.Choose(9, 300)))
            from noise in Gen.Elements(0.0, 0.3, 1.9)
            select (scores, topK, noise);
        Properties.Hold(cases, test =>
        {
            float[] clean = test.Scores.Scores();
            using Shield shield = TestShield.Build(
                test.Scores.Kind, new HardeningOptions { TopK = test.TopK, Decimals = 5, KeyedNoiseBudget = test.Noise });
            float[] released = shield.Release(clean, clean.Length);
            Assert.InRange(released.Count(value => value > 0), 1, test.TopK);
            if (test.Noise == 0)
            {
                // Logits nearer to each other than a double can tell are equals.
                double top = clean.Max();
                double[] weights = [.. clean.Select(score => test.Scores.Kind == OutputKind.Logits ? Math.Exp(score - top) : score)];
                double least = weights.OrderDescending().Take(test.TopK).Last();
                Assert.All(weights.Zip(released).Where(pair => pair.Second > 0), pair => Assert.True(pair.First >= least * (1 - 1e-12)));
            }
        }, tests: 500);
    }

    [Fact]
    public void Top_k_renormalises_what_it_keeps()
    {
        using Shield shield = TestShield.Build(hardening: new HardeningOptions { TopK = 2, Decimals = 3 });
        Assert.Equal([0f, 0.625f, 0f, 0.375f], shield.Release([0.1f, 0.5f, 0.1f, 0.3f], 4));
    }

    [Fact]
    public void Top_k_takes_equals_by_lower_index()
    {
        using Shield shield = TestShield.Build(hardening: new HardeningOptions { TopK = 3, Decimals = 1 });
        Assert.Equal([0f, 0.3f, 0.4f, 0.3f, 0f], shield.Release([0.1f, 0.2f, 0.3f, 0.2f, 0.2f], 5));
    }

    [Fact]
    public void Label_only_and_top_1_release_1_for_the_leader_and_0_for_the_rest()
    {
        Gen<(ScoreCase Scores, bool AsTopK)> cases = ScoreCase.Any.Zip(Gen.Elements(true, false));
        Properties.Hold(cases, test =>
        {
            HardeningOptions options = test.Item2 ? new HardeningOptions { TopK = 1 } : new HardeningOptions { Release = Release.LabelOnly };
            options.KeyedNoiseBudget = 1.9;
            using Shield shield = TestShield.Build(test.Item1.Kind, options);
            float[] clean = test.Item1.Scores();
            float[] expected = new float[clean.Length];
            expected[Assertions.FirstOfLargest(clean)] = 1;
            Assertions.SameBits(expected, shield.Release(clean, clean.Length));
        });
    }

    [Fact]
    public void Logits_are_released_as_their_softmax()
    {
        Gen<(float[] Logits, int Decimals, double Temperature)> cases =
            from logits in Gen.Choose(-80_000, 80_000).Select(value => value / 10_000f).ArrayOf(12)
            from decimals in Gen.Choose(1, 5)
            from temperature in Gen.Elements(0.5, 1, 3)
            select (logits, decimals, temperature);
        Properties.Hold(cases, test =>
        {
            using Shield shield = TestShield.Build(
                OutputKind.Logits, new HardeningOptions { Decimals = test.Decimals, Temperature = test.Temperature });
            float[] released = shield.Release(test.Logits, test.Logits.Length);
            double[] exact = [.. test.Logits.Select(logit => Math.Exp(logit / test.Temperature))];
            AssertNear([.. exact.Select(value => value / exact.Sum())], released, test.Decimals);
        });
    }

    [Fact]
    public void Temperature_acts_on_probabilities_as_on_the_logits_behind_them()
    {
        Gen<(float[] Logits, double Temperature)> cases =
            Gen.Choose(-40_000, 40_000).Select(value => value / 10_000f).ArrayOf(10).Zip(Gen.Elements(0.3, 0.9, 1, 2, 20));
        Properties.Hold(cases, test =>
        {
            double[] exact = [.. test.Item1.Select(logit => Math.Exp(logit / test.Item2))];
            double[] plain = [.. test.Item1.Select(logit => Math.Exp(logit))];
            using Shield shield = TestShield.Build(OutputKind.Probabilities, new HardeningOptions { Decimals = 4, Temperature = test.Item2 });
            float[] released = shield.Release([.. plain.Select(value => (float)(value / plain.Sum()))], 10);
            AssertNear([.. exact.Select(value => value / exact.Sum())], released, decimals: 4);
        });
    }

    [Theory]
    [InlineData(OutputKind.Logits)]
    [InlineData(OutputKind.Probabilities)]
    public void One_class_is_released_as_1(OutputKind kind)
    {
        using Shield shield = TestShield.Build(kind, new HardeningOptions { KeyedNoiseBudget = 1, Temperature = 3 });
        Assert.Equal([1f], shield.Release([1f], 1));
    }

    [Fact]
    public void Half_precision_sums_are_taken_and_normalised()
    {
        using Shield shield = TestShield.Build(hardening: new HardeningOptions { Decimals = 3 });
        Assert.Equal([0.25f, 0.75f], shield.Release([0.25f * 0.992f, 0.75f * 0.992f], 2));
        Assert.Equal([0.25f, 0.75f], shield.Release([0.25f * 1.009f, 0.75f * 1.009f], 2));
        Assert.Equal([0f, 1f], shield.Release([-0.0009f, 1f], 2));
    }

    /// <summary>Within one grid step of the exact value, and of one more step where the leader was set apart from its equals.</summary>
    private static void AssertNear(double[] exact, float[] released, int decimals)
    {
        double step = Math.Pow(10, -decimals);
        for (int i = 0; i < exact.Length; i++)
        {
            double allowed = released[i] == released.Max() ? exact.Length * step : 2 * step;
            Assert.InRange(Math.Abs(exact[i] - released[i]), 0, allowed + 1e-6);
        }

        // Without a tie there is no second step.
        double[] ordered = [.. exact.OrderDescending()];
        if (ordered[0] - ordered[1] > 2 * step)
        {
            Assert.All(exact.Zip(released), pair => Assert.InRange(Math.Abs(pair.First - pair.Second), 0, step + 1e-6));
        }
    }

    /// <summary>Not a record: FsCheck shows what ToString says.</summary>
    private sealed class Case(ScoreCase scores, HardeningOptions options)
    {
        public ScoreCase Scores => scores;

        public HardeningOptions Options => options;

        public Shield Build() => TestShield.Build(scores.Kind, options);

        public override string ToString() => $"{scores}; {HardeningCases.Describe(options)}";
    }
}
