using FsCheck;
using FsCheck.Fluent;
using InferenceShield.Numerics;

namespace InferenceShield.Tests;

public sealed class RegressionHardeningTests
{
    private static readonly SipHashKey s_key = new(TestShield.Secret(5).AsSpan(0, 16));

    private static readonly Gen<float> s_value = Gen.Frequency(
        (4, Gen.Choose(int.MinValue, int.MaxValue).Select(BitConverter.Int32BitsToSingle).Where(float.IsFinite)),
        (4, Gen.Choose(-1_000_000, 1_000_000).Select(value => value / 1000f)),
        (1, Gen.Choose(0, 0x7FFFFF).Select(BitConverter.Int32BitsToSingle)), // denormal
        (1, Gen.Elements(0f, -0f, float.MaxValue, float.MinValue, 1e-45f)));

    private static readonly Gen<double> s_step =
        Gen.Frequency((3, Gen.Elements(0.01, 0.1, 0.25, 1, 3)), (1, Gen.Choose(-30, 30).Select(exponent => Math.Clamp(Math.Pow(10, exponent), 1e-30, 1e30))));

    [Fact]
    public void No_value_moves_by_more_than_half_a_step()
    {
        Gen<(double Step, float[] Values, bool HasCell)> cases =
            from step in s_step
            from values in Properties.Sequences(s_value, 9)
            from hasCell in Gen.Elements(true, false)
            select (step, values, hasCell);
        Properties.Hold(cases, test =>
        {
            float[] released = Release(test.Step, test.Values, test.HasCell ? 77ul : null);
            for (int i = 0; i < released.Length; i++)
            {
                Assert.True(float.IsFinite(released[i]));
                double last = Math.Max(Math.BitIncrement(0f), MathF.BitIncrement(Math.Max(Math.Abs(released[i]), Math.Abs(test.Values[i]))) - (double)Math.Max(Math.Abs(released[i]), Math.Abs(test.Values[i])));
                last = double.IsFinite(last) ? last : 2.1e31;
                Assert.InRange(Math.Abs((double)released[i] - test.Values[i]), 0, (test.Step / 2 * (1 + 1e-6)) + (last / 2));
            }

            Assertions.SameBits(released, Release(test.Step, test.Values, test.HasCell ? 77ul : null));
        }, tests: 3000);
    }

    [Fact]
    public void Spends_its_error_evenly_over_the_step()
    {
        // Over cells, the error is uniform: mean 0, a twelfth of the step squared, any part of the step as likely.
        float[] values = [.. Enumerable.Range(0, 20_000).Select(i => i * 0.737f)];
        double[] errors = [.. values.Select(value => (double)Release(0.1, [value], null)[0] - value)];
        Assert.InRange(errors.Average() / 0.1, -0.01, 0.01);
        Assert.InRange(errors.Average(error => error * error) / 0.01, 0.95 / 12, 1.05 / 12);
        for (int decile = 0; decile < 10; decile++)
        {
            Assert.InRange(errors.Count(error => (int)(((error / 0.1) + 0.5) * 10) == decile) / 20_000.0, 0.085, 0.115);
        }
    }

    [Fact]
    public void Depends_on_key_place_cell_and_nothing_else()
    {
        float[] values = [3.21f, 3.21f];
        float[] released = Release(0.5, values, null);
        Assert.NotEqual(released[0], released[1]); // the place
        float[] other = new float[2];
        Assert.True(RegressionHardening.TryHarden(0.5, new SipHashKey(TestShield.Secret(6).AsSpan(0, 16)), values, other, out _));
        Assert.NotEqual(released, other);
        Assert.NotEqual(Release(0.5, values, 1), Release(0.5, values, 2));

        // A row's values do not know of each other.
        Assert.Equal(released[0], Release(0.5, [3.21f, 100f], null)[0]);
    }

    [Fact]
    public void Each_cell_of_the_value_has_its_dither_and_keeps_it()
    {
        // What is released modulo the step tells the dither. Cells are 16 steps long.
        double[] dithers = [.. Enumerable.Range(0, 8000).Select(i => Release(0.5, [i / 100f], null)[0] / 0.5).Select(steps => Math.Round(steps - Math.Floor(steps), 4))];
        int changes = dithers.Zip(dithers.Skip(1)).Count(pair => Math.Abs(pair.First - pair.Second) is > 1e-3 and < 1 - 1e-3);
        Assert.Equal(80 / 8, changes);
    }

    [Fact]
    public void Zero_of_either_sign_is_one_value_and_no_answer_is_minus_zero()
    {
        Assertions.SameBits(Release(0.5, [0f], null), Release(0.5, [-0f], null));
        Assert.Equal(0u, BitConverter.SingleToUInt32Bits(RegressionHardening.Quantise(-0.1f, 1, 0.5)));
    }

    [Fact]
    public void Values_that_float32_holds_more_coarsely_than_a_step_stay_as_they_are()
    {
        float[] values = [float.MaxValue, float.MinValue, 1e30f, 2e9f];
        Assert.Equal(values, Release(1, values, null));
        Assert.Equal(values, Release(1, values, 5));
    }

    /// <summary>What a thief gains who averages the answers to near-repeats. Figures in the remarks of the class.</summary>
    [Theory]
    [InlineData(0.0, 1.0, 1.0)]
    [InlineData(0.01, 0.95, 1.0)]
    [InlineData(0.5, 0.12, 0.17)]
    [InlineData(4.0, 0.11, 0.15)]
    public void Averaging_repeats_gains_nothing_and_near_repeats_what_their_spread_gains(double spread, double least, double most)
    {
        const double Step = 0.1;
        Random random = new(1);
        double one = 0;
        double averaged = 0;
        for (int trial = 0; trial < 2000; trial++)
        {
            float clean = (float)(random.NextDouble() * 1000);
            double first = Release(Step, [clean], null)[0] - clean;
            double sum = 0;
            for (int i = 0; i < 64; i++)
            {
                // Half of them up, half of them down; he knows by how much: the most he could know.
                float near = (float)(clean + ((random.NextDouble() - 0.5) * 2 * spread * Step));
                sum += Release(Step, [near], null)[0] - ((double)near - clean);
            }

            one += first * first;
            averaged += ((sum / 64) - clean) * ((sum / 64) - clean);
        }

        Assert.InRange(Math.Sqrt(averaged / one), least, most);
    }

    /// <summary>An input cell that is finer than near-repeats are averages them away: each draws its own dither.</summary>
    [Fact]
    public void Near_repeats_in_cells_of_their_own_average_the_error_away()
    {
        const double Step = 0.1;
        double one = 0;
        double averaged = 0;
        for (int trial = 0; trial < 1000; trial++)
        {
            float clean = trial * 0.7331f;
            double first = Release(Step, [clean], (ulong)(64 * trial))[0] - clean;
            double mean = Enumerable.Range(0, 64).Average(cell => (double)Release(Step, [clean], (ulong)((64 * trial) + cell))[0]) - clean;
            one += first * first;
            averaged += mean * mean;
        }

        Assert.InRange(Math.Sqrt(averaged / one), 0.10, 0.16); // 1 / sqrt(64)
    }

    /// <summary>No quantiser hides a value at an edge; the documentation says so.</summary>
    [Fact]
    public void Moving_an_input_to_an_edge_tells_the_value_there()
    {
        const double Step = 0.1;
        double low = 12.30;
        double high = 12.45;
        float below = Release(Step, [(float)low], null)[0];
        float above = Release(Step, [(float)high], null)[0];
        Assert.NotEqual(below, above);
        while (high - low > 1e-6)
        {
            double middle = (low + high) / 2;
            if (Release(Step, [(float)middle], null)[0] == below)
            {
                low = middle;
            }
            else
            {
                high = middle;
                above = Release(Step, [(float)high], null)[0];
            }
        }

        // Edges lie halfway between neighbours; in one cell the thief knows them from two answers.
        Assert.Equal((below + above) / 2.0, low, 2e-6 + (Step * 1e-4));
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void A_faulty_row_is_named_and_nothing_of_it_written(float fault)
    {
        float[] released = [7, 7, 7];
        Assert.False(RegressionHardening.TryHarden(0.1, s_key, [1, fault, 2], released, out OutputFault found));
        Assert.False(RegressionHardening.TryHarden(0.1, s_key, 3, [1, fault, 2], released, out _));
        Assert.Equal([7f, 7, 7], released);
        Assert.Equal(1, found.Index);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(1e-31)]
    [InlineData(1e31)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void A_step_out_of_range_is_refused(double step) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Release(step, [1], null));

    [Fact]
    public void Works_in_place()
    {
        float[] row = [1.23f, -4.56f, 7.89f];
        float[] elsewhere = Release(0.1, row, null);
        Assert.True(RegressionHardening.TryHarden(0.1, s_key, row, row, out _));
        Assert.Equal(elsewhere, row);
    }

    private static float[] Release(double step, float[] clean, ulong? cell)
    {
        float[] released = new float[clean.Length];
        Assert.True(cell is { } input
            ? RegressionHardening.TryHarden(step, s_key, input, clean, released, out _)
            : RegressionHardening.TryHarden(step, s_key, clean, released, out _));
        return released;
    }
}
