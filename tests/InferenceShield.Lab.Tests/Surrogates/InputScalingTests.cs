namespace InferenceShield.Lab.Tests;

public sealed class InputScalingTests
{
    private static readonly float[] s_table = [1, 1000, 5, 2, 3000, 5, 3, 5000, 5, 6, 7000, 5]; // 3 features: small, large, constant

    [Fact]
    public void Each_feature_gets_mean_0_and_deviation_1_and_a_constant_one_is_left_out()
    {
        float[] scaled = Apply(s_table, 3, SurrogateScaling.Automatic);
        Assert.Equal(Apply(s_table, 3, SurrogateScaling.PerFeature), scaled);
        foreach (int feature in (int[])[0, 1])
        {
            double[] values = [.. scaled.Where((_, i) => i % 3 == feature).Select(static value => (double)value)];
            Assert.Equal(0, values.Average(), 1e-6);
            Assert.Equal(1, values.Average(static value => value * value), 1e-6);
        }

        Assert.All(scaled.Where((_, i) => i % 3 == 2), static value => Assert.Equal(0f, value));
    }

    [Fact]
    public void Global_scaling_gives_all_values_together_mean_0_and_deviation_1()
    {
        float[] scaled = Apply(s_table, 3, SurrogateScaling.Global);
        Assert.Equal(0, scaled.Average(static value => (double)value), 1e-6);
        Assert.Equal(1, scaled.Average(static value => (double)value * value), 1e-6);
        Assert.Equal(s_table, Apply(s_table, 3, SurrogateScaling.None));
    }

    [Fact]
    public void Many_features_of_one_range_share_a_scale_and_of_many_ranges_do_not()
    {
        float[] image = Rows(static _ => 255f);
        Assert.Equal(Apply(image, 100, SurrogateScaling.Global), Apply(image, 100, SurrogateScaling.Automatic));
        float[] table = Rows(static feature => feature < 2 ? 2000f : 255f);
        Assert.Equal(Apply(table, 100, SurrogateScaling.PerFeature), Apply(table, 100, SurrogateScaling.Automatic));
        Assert.Equal(Apply([.. image.Take(32)], 16, SurrogateScaling.PerFeature), Apply([.. image.Take(32)], 16, SurrogateScaling.Automatic));

        static float[] Rows(Func<int, float> range)
        {
            SeededRandom random = new(1, stream: 1);
            return [.. Enumerable.Range(0, 2000).Select(i => random.NextSigned() * range(i % 100))];
        }
    }

    [Fact]
    public void Offsets_do_not_eat_the_digits()
    {
        float[] rows = [1_000_000f, 1_000_001f, 1_000_002f];
        Assert.Equal([-1.2247449f, 0f, 1.2247449f], Apply(rows, 1, SurrogateScaling.PerFeature));
    }

    private static float[] Apply(float[] rows, int width, SurrogateScaling scaling)
    {
        float[] scaled = new float[rows.Length];
        InputScaling.Measure(rows, width, scaling).Apply(rows, scaled);
        return scaled;
    }
}
