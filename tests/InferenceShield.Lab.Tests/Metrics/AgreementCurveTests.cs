namespace InferenceShield.Lab.Tests;

public sealed class AgreementCurveTests
{
    private static readonly AgreementCurve s_without = new([100, 1000, 10_000], [0.7, 0.8, 0.9]);

    [Fact]
    public void Halfway_in_agreement_is_halfway_in_the_logarithm_of_queries()
    {
        Assert.Equal(new QueryEstimate(100, false), s_without.FindQueries(0.7));
        Assert.Equal(Math.Sqrt(100 * 1000), s_without.FindQueries(0.75).Queries, 1e-6);
        Assert.Equal(10_000, s_without.FindQueries(0.9).Queries, 1e-6);
        Assert.False(s_without.FindQueries(0.9).IsExtrapolated);
    }

    [Fact]
    public void Outside_of_what_was_measured_it_is_marked()
    {
        QueryEstimate below = s_without.FindQueries(0.65);
        Assert.Equal(Math.Sqrt(10 * 100), below.Queries, 1e-6);
        Assert.True(below.IsExtrapolated);
        Assert.Equal(new QueryEstimate(1, true), s_without.FindQueries(0.1));
        Assert.Equal(new QueryEstimate(10_000, true), s_without.FindQueries(0.91));
        Assert.Equal(new QueryEstimate(50, true), new AgreementCurve([50], [0.8]).FindQueries(0.5));
    }

    [Fact]
    public void A_dip_counts_for_nothing()
    {
        AgreementCurve curve = new([100, 200, 400], [0.8, 0.7, 0.9]);
        Assert.Equal(Math.Sqrt(200 * 400), curve.FindQueries(0.85).Queries, 1e-6);
        Assert.Equal(100, curve.FindQueries(0.75 + 0.05).Queries, 1e-6);
    }

    [Fact]
    public void A_policy_that_takes_twice_the_queries_has_the_multiplier_2()
    {
        AgreementCurve twice = new([200, 2000, 40_000], [0.7, 0.8, 0.6]);
        Assert.Equal(2, twice.Compare(s_without, 0).Value, 1e-9);
        Assert.Equal(2, twice.Compare(s_without, 1).Value, 1e-9);
        Assert.False(twice.Compare(s_without, 1).IsExtrapolated);
        Assert.Equal(new CostMultiplier(20, true), twice.Compare(s_without, 2));
        AgreementCurve help = new([10_000], [0.95]);
        Assert.Equal(new CostMultiplier(1, true), help.Compare(s_without, 0));
        Assert.Equal(0.5, new AgreementCurve([500], [0.8]).Compare(s_without, 0).Value, 1e-9);
    }

    [Fact]
    public void A_price_is_that_of_a_thousand() => Assert.Equal(3, new QueryEstimate(1500, false).GetPrice(2));

    [Fact]
    public void Points_have_to_ascend()
    {
        Assert.Throws<ArgumentException>(() => new AgreementCurve([], []));
        Assert.Throws<ArgumentException>(() => new AgreementCurve([1, 2], [0.5]));
        Assert.Throws<ArgumentException>(() => new AgreementCurve([2, 2], [0.5, 0.6]));
        Assert.Throws<ArgumentException>(() => new AgreementCurve([0], [0.5]));
        Assert.Throws<ArgumentOutOfRangeException>(() => s_without.Compare(s_without, 3));
    }
}
