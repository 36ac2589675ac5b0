namespace InferenceShield.Lab.Tests;

public sealed class BaselinePoliciesTests
{
    [Fact]
    public void Reverse_sigmoid_moves_the_label_of_the_known_counterexample()
    {
        // The answer that field notes work out by hand for beta 1 and gamma .2.
        float[] released = TestAnswers.Release(BaselinePolicies.ReverseSigmoid(1, 0.2), [0.4f, 0.3f, 0.3f, 0f], 4);
        float[] expected = [0.2645f, 0.2154f, 0.2154f, 0.3048f];
        for (int i = 0; i < 4; i++)
        {
            Assert.Equal(expected[i], released[i], 2e-4f);
        }
    }

    [Fact]
    public void Reverse_sigmoid_of_beta_and_gamma_1_destroys_everything()
    {
        float[] released = TestAnswers.Release(BaselinePolicies.ReverseSigmoid(1, 1), TestAnswers.Draw(100, 5), 5);
        Assert.All(released, value => Assert.Equal(0.2f, value, 1e-5f));
    }

    [Fact]
    public void Gaussian_noise_differs_on_repeats_and_not_between_runs_or_batches()
    {
        float[] clean = TestAnswers.Draw(20, 5);
        IRelease first = BaselinePolicies.GaussianNoise().Create(3);
        float[] once = new float[clean.Length];
        float[] again = new float[clean.Length];
        first.Apply(default, clean, 5, once);
        first.Apply(default, clean, 5, again);
        Assert.NotEqual(once, again);

        IRelease second = BaselinePolicies.GaussianNoise().Create(3);
        float[] piecewise = new float[clean.Length];
        for (int row = 0; row < clean.Length; row += 5)
        {
            second.Apply(default, clean.AsSpan(row, 5), 5, piecewise.AsSpan(row, 5));
        }

        Assert.Equal(once, piecewise);
        Assert.NotEqual(once, TestAnswers.Release(BaselinePolicies.GaussianNoise(), clean, 5, key: 4));
    }

    [Fact]
    public void Gaussian_noise_has_its_standard_deviation_where_nothing_is_clipped()
    {
        // Of two classes the sum is divided out: the released first is (p + a) / (1 + a + b), in first order p + (a - b) / 2 at p = 1/2.
        float[] clean = [.. Enumerable.Repeat(0.5f, 20_000)];
        float[] released = TestAnswers.Release(BaselinePolicies.GaussianNoise(0.02), clean, 2);
        double variance = released.Where((_, i) => i % 2 == 0).Average(value => Math.Pow(value - 0.5, 2));
        Assert.Equal(0.02 / Math.Sqrt(2), Math.Sqrt(variance), 0.0005);
    }

    [Fact]
    public void The_others_do_what_their_formula_says_defects_included()
    {
        float[] clean = [0.5005f, 0.3f, 0.1995f];
        Assert.Equal([0.5005f, 0.3f, 0f], TestAnswers.Release(BaselinePolicies.HighConfidence(), clean, 3)); // sums to .8
        Assert.Equal([0f, 0f, 0f], TestAnswers.Release(BaselinePolicies.HighConfidence(0.6), clean, 3));
        Assert.Equal([0.5f, 0.3f, 0.2f], TestAnswers.Release(BaselinePolicies.Rounded(1), clean, 3));
        Assert.Equal([0f, 0f, 1f], TestAnswers.Release(BaselinePolicies.Rounded(0), [0.2f, 0.25f, 0.55f], 3));
        Assert.Equal([0.2f, 0.2f, 0.2f, 0.2f], TestAnswers.Release(BaselinePolicies.Rounded(1), [0.24f, 0.24f, 0.24f, 0.23f], 4)); // two tie, sums to .8
        Assert.Equal([1f, 0f, 0f, 0f, 1f, 0f], TestAnswers.Release(BaselinePolicies.ClassLabels(), [0.5f, 0.3f, 0.2f, 0.1f, 0.8f, 0.1f], 3)); // no union of a batch's labels
    }

    [Fact]
    public void Temperature_is_that_of_the_shield()
    {
        float[] clean = TestAnswers.Draw(200, 6);
        float[] released = TestAnswers.Release(BaselinePolicies.Temperature(2), clean, 6);
        float[] expected = new float[6];
        for (int row = 0; row < clean.Length; row += 6)
        {
            HardeningSteps.Temperature(clean.AsSpan(row, 6), expected, 2);
            for (int i = 0; i < 6; i++)
            {
                Assert.Equal(expected[i], released[row + i], 1e-5f);
            }
        }
    }

    [Fact]
    public void Settings_out_of_range_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => BaselinePolicies.ReverseSigmoid(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => BaselinePolicies.ReverseSigmoid(1, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => BaselinePolicies.GaussianNoise(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => BaselinePolicies.HighConfidence(1.1));
        Assert.Throws<ArgumentOutOfRangeException>(() => BaselinePolicies.Rounded(8));
        Assert.Throws<ArgumentOutOfRangeException>(() => BaselinePolicies.Temperature(0));
    }
}
