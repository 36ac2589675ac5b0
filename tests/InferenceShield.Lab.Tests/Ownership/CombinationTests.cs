using MathNet.Numerics.Distributions;

namespace InferenceShield.Lab.Tests;

public sealed class CombinationTests
{
    [Theory]
    [InlineData(new[] { 0.2, 0.03 })]
    [InlineData(new[] { 1e-12, 0.7, 0.5 })]
    [InlineData(new[] { 0.9, 0.95, 0.99, 1.0 })]
    public void Fishers_product_is_the_tail_of_chi_square(double[] values)
    {
        double chiSquare = -2 * values.Sum(Math.Log);
        Assert.Equal(1, Combination.Fisher(values) / (1 - ChiSquared.CDF(2 * values.Length, chiSquare)), 3);
    }

    [Fact]
    public void Fishers_product_keeps_its_level_on_the_same_answers_under_keys_of_their_own()
    {
        // Answers that hang together as badly as can be: all tests read the very same ones. Keys are drawn apart.
        SeededRandom random = new(8, 2);
        int[] first = [.. Enumerable.Range(0, 80).Select(_ => random.NextInt32(4))];
        int[] second = [.. Enumerable.Range(0, 80).Select(i => i % 3 == 0 ? 5 : 0)];
        SignSample sample = new(first, second);
        bool[] bits = new bool[80];
        int below = 0;
        const int Runs = 4000;
        for (int run = 0; run < Runs; run++)
        {
            double[] values = new double[3];
            foreach (ref double value in values.AsSpan())
            {
                foreach (ref bool bit in bits.AsSpan())
                {
                    bit = (random.NextUInt64() & 1) == 0;
                }

                value = sample.Test(bits).PValue;
            }

            below += Combination.Fisher(values) <= 0.05 ? 1 : 0;
        }

        Assert.InRange(below / (double)Runs, 0.025, 0.05 + (4 * Math.Sqrt(0.05 * 0.95 / Runs)));
    }

    [Fact]
    public void Holm_adjusts_step_by_step_and_leaves_out_what_has_no_value()
    {
        Assert.Equal([0.03, double.NaN, 0.06, 0.06], Combination.Holm([0.01, double.NaN, 0.04, 0.03]), (x, y) => (double.IsNaN(x) && double.IsNaN(y)) || Math.Abs(x - y) < 1e-12);
        Assert.Equal([1.0, 1.0], Combination.Holm([0.9, 0.8]));
    }

    [Fact]
    public void Values_by_controls_are_joined_by_bonferroni()
    {
        OwnershipTestResult keyed = new("near-tie", 10, 10, 1, 0.5, 0.5, 0, 0.5, "", 1e-3, PValueMethod.Exact, 300, 0.01, [], "");
        OwnershipTestResult controlled = keyed with { Name = "fingerprint", PValue = 0.02, Method = PValueMethod.Controls };
        Assert.Equal(2e-3, Combination.Of([keyed, controlled]).PValue, 12);
        Assert.Equal(0.02, Combination.Of([controlled]).PValue);
        Assert.Equal(1e-3, Combination.Of([keyed]).PValue);
        Assert.True(double.IsNaN(Combination.Of([]).PValue));
    }

    [Fact]
    public void Tests_with_too_few_answers_or_void_ones_stay_out_of_the_product_and_are_said_to()
    {
        OwnershipTestResult whole = new("near-tie", 10, 10, 1, 0.5, 0.5, 0, 0.5, "", 1e-3, PValueMethod.Exact, 300, 0.01, [], "");
        OwnershipTestResult few = whole with { Name = "trap", Answers = 9, PValue = 0.4 };
        (double pValue, string how) = Combination.Of([whole, few, whole with { Name = "trigger", RandomKeyShare = 0.5, PValue = 1e-9 }]);
        Assert.Equal(2e-3, pValue, 12); // not Fisher's .0035
        Assert.Contains("Fewer answers than planned have: trap", how, StringComparison.Ordinal);
        Assert.Contains("trigger test is void and stays out", how, StringComparison.Ordinal);
        Assert.Equal(2e-12, Combination.Of([whole, few with { PValue = 1e-12 }]).PValue, 1e-18); // few answers can be strong
        Assert.Equal(Combination.Fisher([1e-3, 0.4]), Combination.Of([whole, few with { Answers = 10 }]).PValue);
    }

    [Theory]
    [InlineData(0.026, 1.0, true)]
    [InlineData(0.024, 1.0, false)]
    [InlineData(0.0, 0.004, true)]
    [InlineData(0.0, 0.006, false)] // two controls: 2 x .006 is above .01
    public void A_test_is_void_where_random_keys_or_controls_say_so(double share, double control, bool isVoid)
    {
        OwnershipTestResult test = new("near-tie", 10, 10, 1, 0.5, 0.5, 0, 0.5, "", 1e-9, PValueMethod.Exact, 1000, share, [control, 0.4], "");
        Assert.Equal(isVoid, VerdictRules.WhyVoid(test) is not null);
    }

    [Theory]
    [InlineData(1e-4, OwnershipVerdict.ConsistentWithCopying)]
    [InlineData(1.1e-4, OwnershipVerdict.Inconclusive)]
    [InlineData(0.01, OwnershipVerdict.Inconclusive)]
    [InlineData(0.011, OwnershipVerdict.NoEvidence)]
    public void Verdicts_change_where_the_rules_say(double pValue, OwnershipVerdict expected)
    {
        OwnershipTestResult test = new("near-tie", 30, 30, 1, 0.5, 0.5, 0, 0.5, "", pValue, PValueMethod.Exact, 1000, 0.01, [], "");
        VerificationReport report = new() { Model = "model", Suspect = "suspect", Tests = [test], CombinedPValue = pValue, Words = "", Limits = [] };
        Assert.Equal(expected, VerdictRules.Apply(report).Verdict);
    }

    [Fact]
    public void A_few_answers_accuse_nobody_however_well_they_fit()
    {
        OwnershipTestResult test = new("near-tie", 29, 10, 1, 0.5, 0.5, 0, 0.5, "", 1e-9, PValueMethod.Exact, 1000, 0.01, [], "");
        VerificationReport report = VerdictRules.Apply(new() { Model = "model", Suspect = "suspect", Tests = [test], CombinedPValue = 1e-9, Words = "", Limits = [] });
        Assert.Equal(OwnershipVerdict.Inconclusive, report.Verdict);
        Assert.Contains("1 more are needed", report.Words, StringComparison.Ordinal);
    }

    [Fact]
    public void A_rank_that_no_random_key_reaches_asks_for_more_keys()
    {
        OwnershipTestResult test = new("cosine", 7000, 7000, 6, 0, 6, 4, 8, "", 1.0 / 1001, PValueMethod.RandomKeys, 1000, 0.01, [], "");
        VerificationReport report = new() { Model = "model", Suspect = "suspect", Tests = [test], CombinedPValue = test.PValue, Words = "", Limits = [] };
        Assert.Contains("in the cosine test the owner's key fits better than 1,000 random keys, and so many cannot", VerdictRules.Apply(report).Words, StringComparison.Ordinal);
        OwnershipTestResult exact = test with { Name = "near-tie", Method = PValueMethod.Exact };
        Assert.DoesNotContain("fits better than", VerdictRules.Apply(report with { Tests = [exact] }).Words, StringComparison.Ordinal);
    }
}
