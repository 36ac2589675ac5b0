using FsCheck;
using FsCheck.Fluent;
using InferenceShield.Numerics;

namespace InferenceShield.Tests;

public sealed class ReducedPrecisionTests
{
    [Fact]
    public void The_leader_of_a_released_row_stays_the_strict_one()
    {
        Gen<(ScoreCase Scores, HardeningOptions Options)> cases = ScoreCase.Any.Zip(HardeningCases.Any).Select(pair => (pair.Item1, pair.Item2));
        Properties.Hold(cases, test =>
        {
            OutputPlan plan = new("scores", test.Scores.Kind, test.Options);
            float[] clean = test.Scores.Scores();
            float[] released = new float[clean.Length];
            if (!DistributionHardening.TryHarden(plan, new NoiseKey(new byte[NoiseKey.Size]), clean, released, out int top, out _, out _))
            {
                return;
            }

            Half[] half = new Half[released.Length];
            ReducedPrecision.ToHalf(released, half, released.Length);
            ushort[] brain = new ushort[released.Length];
            ReducedPrecision.ToBFloat16(released, brain, released.Length);
            float[] fromHalf = new float[released.Length];
            ReducedPrecision.FromHalf(half, fromHalf);
            float[] fromBrain = new float[released.Length];
            ReducedPrecision.FromBFloat16(brain, fromBrain);
            for (int i = 0; i < released.Length; i++)
            {
                Assert.InRange(fromHalf[i], 0, 1);
                Assert.InRange(fromBrain[i], 0, 1);
                Assert.True(i == top || fromHalf[i] < fromHalf[top]);
                Assert.True(i == top || fromBrain[i] < fromBrain[top]);
                if (test.Options.Decimals <= 3)
                {
                    Assert.Equal(released[i], (float)Math.Round(fromHalf[i], test.Options.Decimals));
                }

                if (test.Options.Decimals <= 2)
                {
                    Assert.Equal(released[i], (float)Math.Round(fromBrain[i], test.Options.Decimals));
                }
            }
        }, tests: 500);
    }

    [Fact]
    public void The_grids_that_are_promised_are_held_number_by_number()
    {
        float[] thousandths = [.. Enumerable.Range(0, 1001).Select(i => (float)(i / 1000.0))];
        Half[] half = new Half[1001];
        ReducedPrecision.ToHalf(thousandths, half, 1);
        Assert.Equal(1001, half.Distinct().Count());
        Assert.All(Enumerable.Range(0, 1001), i => Assert.Equal(i, (int)Math.Round((double)half[i] * 1000)));

        float[] hundredths = [.. Enumerable.Range(0, 101).Select(i => (float)(i / 100.0))];
        ushort[] brain = new ushort[101];
        ReducedPrecision.ToBFloat16(hundredths, brain, 1);
        Assert.Equal(101, brain.Distinct().Count());
        Assert.All(Enumerable.Range(0, 101), i => Assert.Equal(i, (int)Math.Round(NarrowFloats.FromBFloat16(brain[i]) * 100.0)));

        // One decimal more runs together: what is promised is all there is.
        Assert.NotEqual(10_001, Enumerable.Range(0, 10_001).Select(i => (Half)(i / 10_000.0)).Distinct().Count());
        Assert.NotEqual(1001, thousandths.Select(NarrowFloats.ToBFloat16).Distinct().Count());
    }

    [Fact]
    public void Who_is_drawn_level_goes_one_down()
    {
        float[] released = [0.30001f, 0.30002f, 0.29999f, 0.09998f];
        Half[] half = new Half[4];
        ReducedPrecision.ToHalf(released, half, 4);
        Half leader = (Half)0.3f;
        Assert.Equal([Half.BitDecrement(leader), leader, Half.BitDecrement(leader), (Half)0.1f], half);

        ushort[] brain = new ushort[4];
        ReducedPrecision.ToBFloat16(released, brain, 4);
        Assert.Equal([0x3E99, 0x3E9A, 0x3E99, 0x3DCD], brain.Select(bits => (int)bits));

        // Rows are rows.
        ReducedPrecision.ToHalf(released, half, 2);
        Assert.Equal([Half.BitDecrement(leader), leader, (Half)0.29999f, (Half)0.1f], half);
        ReducedPrecision.ToHalf(released, half, 1);
        Assert.Equal([leader, leader, leader, (Half)0.1f], half);
    }

    [Fact]
    public void Negative_leaders_and_masked_tokens_are_kept()
    {
        float[] released = [-12.34f, -12.35f, float.NegativeInfinity, -12.341f];
        Half[] half = new Half[4];
        ReducedPrecision.ToHalf(released, half, 4);
        ushort[] brain = new ushort[4];
        ReducedPrecision.ToBFloat16(released, brain, 4);
        Assert.True(half[0] > half[1] && half[0] > half[3]);
        Assert.True(Half.IsNegativeInfinity(half[2]));
        float[] widened = new float[4];
        ReducedPrecision.FromBFloat16(brain, widened);
        Assert.True(widened[0] > widened[1] && widened[0] > widened[3]);
        Assert.Equal(float.NegativeInfinity, widened[2]);
    }

    [Fact]
    public void Nothing_finite_becomes_infinite()
    {
        float[] released = [float.MaxValue, float.MinValue, 65_520, -70_000, float.PositiveInfinity, float.NaN];
        Half[] half = new Half[6];
        ReducedPrecision.ToHalf(released, half, 1);
        Assert.Equal([Half.MaxValue, Half.MinValue, Half.MaxValue, Half.MinValue, Half.PositiveInfinity, Half.NaN], half);
        ushort[] brain = new ushort[6];
        ReducedPrecision.ToBFloat16(released, brain, 1);
        float[] widened = new float[6];
        ReducedPrecision.FromBFloat16(brain, widened);
        Assert.Equal([3.3895314e38f, -3.3895314e38f, 65_536, -70_144, float.PositiveInfinity, float.NaN], widened);
    }

    [Fact]
    public void Widening_is_exact_for_every_number()
    {
        for (int bits = 0; bits <= ushort.MaxValue; bits++)
        {
            Half half = BitConverter.UInt16BitsToHalf((ushort)bits);
            float[] widened = new float[1];
            ReducedPrecision.FromHalf([half], widened);
            Half[] back = new Half[1];
            ReducedPrecision.ToHalf(widened, back, 1);
            Assert.True(back[0] == half || Half.IsNaN(half));
            ReducedPrecision.FromBFloat16([(ushort)bits], widened);
            ushort[] brain = new ushort[1];
            ReducedPrecision.ToBFloat16(widened, brain, 1);
            Assert.True(brain[0] == bits || float.IsNaN(widened[0]));
            Assert.True(float.IsNaN(widened[0]) == float.IsNaN(NarrowFloats.FromBFloat16(brain[0])));
        }
    }

    [Fact]
    public void Narrowing_is_to_nearest_ties_to_even()
    {
        Properties.Hold(Gen.Choose(int.MinValue, int.MaxValue).Select(BitConverter.Int32BitsToSingle).Where(value => Math.Abs(value) < 1e38f), value =>
        {
            ushort narrowed = NarrowFloats.ToBFloat16(value);
            double error = Math.Abs((double)NarrowFloats.FromBFloat16(narrowed) - value);
            double above = Math.Abs((double)NarrowFloats.FromBFloat16((ushort)(narrowed + 1)) - value);
            double below = Math.Abs((double)NarrowFloats.FromBFloat16(NarrowFloats.Decrement(narrowed)) - value);
            Assert.True(error <= above && error <= below);
            Assert.True((error < above && error < below) || (narrowed & 1) == 0);
        }, tests: 2000);
    }

    [Fact]
    public void Bad_spans_are_refused()
    {
        Assert.Throws<ArgumentException>(() => ReducedPrecision.ToHalf(new float[4], new Half[5], 2));
        Assert.Throws<ArgumentException>(() => ReducedPrecision.ToBFloat16(new float[4], new ushort[3], 2));
        Assert.Throws<ArgumentException>(() => ReducedPrecision.FromHalf(new Half[4], new float[5]));
        Assert.Throws<ArgumentException>(() => ReducedPrecision.FromBFloat16(new ushort[4], new float[3]));
        ArgumentException thrown = Assert.Throws<ArgumentException>(() => ReducedPrecision.ToHalf(new float[4], new Half[4], 3));
        Assert.Contains("4 numbers are not whole rows of 3", thrown.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => ReducedPrecision.ToBFloat16(new float[4], new ushort[4], 0));
        ReducedPrecision.ToHalf([], [], 0);
    }
}
