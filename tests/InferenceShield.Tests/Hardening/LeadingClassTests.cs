using InferenceShield.Numerics;

namespace InferenceShield.Tests;

[Trait("Widths", "all")]
public sealed class LeadingClassTests
{
    private static readonly BandSource s_bands = new([0.25, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99]);

    [Fact]
    public void The_band_is_that_of_the_distribution_and_the_counted_confidence_is_near()
    {
        Properties.Hold(ScoreCase.Any, test =>
        {
            float[] clean = test.Scores();
            double[] distribution = new double[clean.Length];
            Assert.True(DistributionHardening.TryNormalize(new OutputPlan("scores", test.Kind, new HardeningOptions()), clean, distribution, out int top, out _, out _));
            ConfidenceBands bands = s_bands.For(clean.Length);
            if (LeadingClass.TryFindBand(test.Kind, clean, bands, out int found, out float counted, out int band))
            {
                Assert.Equal((top, bands.FindBand((float)distribution[top])), (found, band));
                Assert.InRange(counted, distribution[top] * (1 - 1e-5), distribution[top] * (1 + 1e-5));
            }
            else
            {
                Assert.Equal(OutputKind.Probabilities, test.Kind); // a sum or sign that the long way puts right
            }

            if (LeadingClass.TryFindLabel(test.Kind, clean, out found, out counted))
            {
                Assert.Equal(top, found);
                Assert.True(test.Kind == OutputKind.Logits ? float.IsNaN(counted) : counted == (float)distribution[top]);
            }
        }, tests: 1000);
    }

    /// <summary>Rows whose confidence is an edge but for the rounding of one logit: floats cannot tell the side.</summary>
    [Fact]
    public void A_confidence_next_to_an_edge_gets_the_band_of_doubles()
    {
        Random random = new(9);
        for (int round = 0; round < 2000; round++)
        {
            float[] clean = [.. Enumerable.Range(0, random.Next(17, 200)).Select(_ => random.NextSingle() * 4)];
            ConfidenceBands bands = s_bands.For(clean.Length);
            double edge = bands.Edges[random.Next(bands.Edges.Count)];
            int top = random.Next(clean.Length);
            double others = clean.Where((_, i) => i != top).Sum(logit => Math.Exp(logit));
            clean[top] = (float)Math.Log(others * edge / (1 - edge));
            if (Assertions.FirstOfLargest(clean) != top)
            {
                continue;
            }

            double[] distribution = new double[clean.Length];
            Assert.True(DistributionHardening.TryNormalize(new OutputPlan("scores", OutputKind.Logits, new HardeningOptions()), clean, distribution, out _, out _, out _));
            Assert.True(LeadingClass.TryFindBand(OutputKind.Logits, clean, bands, out _, out _, out int band));
            Assert.Equal(bands.FindBand((float)distribution[top]), band);
        }
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void A_row_that_is_not_finite_is_left_to_the_long_way_at_any_length_and_place(float wrong)
    {
        for (int length = 1; length <= 257; length++)
        {
            for (int place = 0; place < length; place += 1 + (length / 9))
            {
                float[] clean = new float[length];
                clean[place] = wrong;
                foreach (OutputKind kind in (OutputKind[])[OutputKind.Logits, OutputKind.Probabilities])
                {
                    Assert.False(LeadingClass.TryFindLabel(kind, clean, out _, out _));
                    Assert.False(LeadingClass.TryFindBand(kind, clean, s_bands.For(length), out _, out _, out _));
                }
            }
        }
    }

    [Fact]
    public void The_second_is_the_first_of_the_largest_others()
    {
        Random random = new(8);
        for (int length = 2; length <= 257; length++)
        {
            float[] clean = [.. Enumerable.Range(0, length).Select(_ => (float)random.Next(-3, 3) * 0.5f)];
            clean[random.Next(length)] = -0f;
            int top = Assertions.FirstOfLargest(clean);
            Assert.Equal(ReleaseCases.RunnerUp(clean, top), LeadingClass.FindSecond(clean, top));
        }
    }
}
