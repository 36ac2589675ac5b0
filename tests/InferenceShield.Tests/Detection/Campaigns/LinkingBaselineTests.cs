namespace InferenceShield.Tests;

public sealed class LinkingBaselineTests
{
    private static readonly SyntheticCallers s_world = new();

    [Theory]
    [InlineData(50, 2)]
    [InlineData(100, 2)]
    [InlineData(101, 3)]
    [InlineData(200, 3)]
    [InlineData(201, 4)]
    [InlineData(400, 8)]
    [InlineData(600, 12)]
    [InlineData(601, 13)]
    [InlineData(6_000, 120)]
    public void Sizes_lie_between_those_of_cohorts_and_grow_in_proportion_beyond(int callers, int size) =>
        Assert.Equal(size, Of([(100, 2), (200, 3), (600, 12)]).SizeOf(0, callers));

    [Fact]
    public void The_same_seed_fits_the_same_and_a_fifth_of_callers_is_far()
    {
        LinkingBaseline one = SyntheticCallers.Calibrate(s_world, 600, 5).Linking!;
        LinkingBaseline other = SyntheticCallers.Calibrate(s_world, 600, 5).Linking!;

        Assert.Equal(one.Lengths, other.Lengths);
        Assert.Equal(one.Sizes[1], other.Sizes[1]);
        Assert.Equal([100, 200, 300], one.Sizes[1].Select(size => size.Cohort));
        LinkingSpace space = new(one.Vectors[1]!, one.Spreads[1]);
        float[] means = s_world.Honest(2_000, 45, 6, 0);
        float[] direction = new float[24];
        int far = Enumerable.Range(0, 2_000).Count(caller => space.Direct(means.AsSpan(caller * 24, 24), direction) > one.Lengths[1]);
        Assert.InRange(far, 300, 500);
    }

    [Fact]
    public void Too_few_callers_are_not_linked()
    {
        LinkingBaseline baseline = SyntheticCallers.Calibrate(s_world, LinkingBaseline.FewestCallers - 1, 5).Linking!;

        Assert.All(baseline.Vectors, Assert.Null);
    }

    [Fact]
    public void A_vector_that_is_not_finite_has_no_direction()
    {
        LinkingBaseline baseline = SyntheticCallers.Calibrate(s_world, 400, 5).Linking!;
        float[] direction = new float[24];
        float[] mean = new float[24];
        mean[3] = float.NaN;

        Assert.Equal(0, new LinkingSpace(baseline.Vectors[1]!, baseline.Spreads[1]).Direct(mean, direction));
        Assert.All(direction, value => Assert.Equal(0, value));
    }

    private static LinkingBaseline Of((int, int)[] sizes) => new() { Lengths = [1, 1, 1], Vectors = [null, null, null], Spreads = [[], [], []], Sizes = [sizes, [], []] };
}
