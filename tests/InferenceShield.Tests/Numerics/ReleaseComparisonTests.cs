using InferenceShield.Numerics;

namespace InferenceShield.Tests;

public sealed class ReleaseComparisonTests
{
    [Fact]
    public void Vectors_and_the_portable_twin_agree_at_every_length()
    {
        Random random = new(1);
        for (int length = 1; length <= 257; length++)
        {
            (double[] clean, float[] released) = Row(random, length);
            int top = random.Next(length);
            bool leads = ReleaseComparison.Compare(clean, released, top, out double distance);
            Assert.Equal(ReleaseComparison.CompareScalar(clean, released, top, out double expected), leads);
            Assert.Equal(released.Where((value, i) => i != top && value >= released[top]).Any(), !leads);
            Assert.Equal(expected, distance, 1e-13);
            Assert.Equal(clean.Zip(released, (c, r) => Math.Abs(c - r)).Sum(), distance, 1e-13);

            (double divergence, double before, double after) = ReleaseComparison.Informations(clean, released);
            (double divergenceScalar, double beforeScalar, double afterScalar) = ReleaseComparison.InformationsScalar(clean, released);
            Assert.Equal(divergenceScalar, divergence, 1e-4);
            Assert.Equal(beforeScalar, before, 1e-4);
            Assert.Equal(afterScalar, after, 1e-4);
            Assert.Equal(-clean.Sum(value => value > 0 ? value * Math.Log2(value) : 0), beforeScalar, 1e-12);
            Assert.Equal(clean.Zip(released, (c, r) => c > 0 ? c * (Math.Log2(c) - Math.Log2(Math.Max((double)r, 1e-6))) : 0).Sum(), divergenceScalar, 1e-11);
        }
    }

    [Theory]
    [InlineData(3)]
    [InlineData(24)]
    [InlineData(100)]
    public void A_class_that_draws_level_is_seen_wherever_it_is(int length)
    {
        float[] released = [.. Enumerable.Repeat(0.5f / length, length)];
        double[] clean = [.. released.Select(value => (double)value)];
        for (int top = 0; top < length; top++)
        {
            released[top] = 0.5f;
            Assert.True(ReleaseComparison.Compare(clean, released, top, out _));
            for (int other = 0; other < length; other++)
            {
                if (other != top)
                {
                    float before = released[other];
                    released[other] = 0.5f;
                    Assert.False(ReleaseComparison.Compare(clean, released, top, out _));
                    released[other] = before;
                }
            }

            released[top] = 0.5f / length;
        }
    }

    [Fact]
    public void Zeros_denormals_and_one_hot_rows_have_finite_information()
    {
        double[] clean = new double[40];
        float[] released = new float[40];
        clean[7] = 1 - 1e-300;
        clean[8] = 1e-310;
        clean[9] = double.Epsilon;
        released[3] = 1;
        (double divergence, double before, double after) = ReleaseComparison.Informations(clean, released);
        Assert.Equal(Math.Log2(1e6), divergence, 1e-5);
        Assert.Equal(0, before, 1e-5);
        Assert.Equal(0, after, 1e-5);
        Assert.Equal(Math.Log2(1e6), ReleaseComparison.InformationsScalar(clean, released).Divergence, 1e-9);
    }

    private static (double[] Clean, float[] Released) Row(Random random, int length)
    {
        double[] clean = [.. Enumerable.Range(0, length).Select(_ => random.Next(5) == 0 ? 0 : Math.Pow(random.NextDouble(), 8) + 1e-12)];
        double sum = clean.Sum() is > 0 and double positive ? positive : 1;
        clean = Array.ConvertAll(clean, value => value / sum);
        return (clean, Array.ConvertAll(clean, value => (float)Math.Round(value, 2)));
    }
}
