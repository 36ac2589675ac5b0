using InferenceShield.Numerics;

namespace InferenceShield.Tests;

[Trait("Widths", "all")]
public sealed class LeadingClassTests
{
    [Fact]
    public void The_confidence_that_decides_has_the_bits_of_the_distribution_and_the_counted_one_is_near()
    {
        Properties.Hold(ScoreCase.Any, test =>
        {
            float[] clean = test.Scores();
            double[] distribution = new double[clean.Length];
            Assert.True(DistributionHardening.TryNormalize(new OutputPlan("scores", test.Kind, new HardeningOptions()), clean, distribution, out int top, out _, out _));
            if (LeadingClass.TryFind(test.Kind, clean, isReleased: true, out int found, out double confidence))
            {
                Assert.Equal((top, distribution[top]), (found, confidence));
                Assert.True(LeadingClass.TryFind(test.Kind, clean, isReleased: false, out found, out double counted));
                Assert.Equal(top, found);
                Assert.InRange(counted, confidence * (1 - 1e-5), confidence * (1 + 1e-5));
            }
            else
            {
                Assert.Equal(OutputKind.Probabilities, test.Kind); // a sum or sign that the long way puts right
            }
        }, tests: 1000);
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
                Assert.False(LeadingClass.TryFind(OutputKind.Logits, clean, isReleased: place % 2 == 0, out _, out _));
                Assert.False(LeadingClass.TryFind(OutputKind.Probabilities, clean, isReleased: true, out _, out _));
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
