using InferenceShield.Numerics;

namespace InferenceShield.Tests;

/// <summary>Vector code against its portable twin, to the last bit. Runs with whatever instructions are switched on: set
/// DOTNET_EnableAVX512=0, DOTNET_EnableAVX2=0 or DOTNET_EnableHWIntrinsic=0 to test the other paths.</summary>
public sealed class LaneSumsTests
{
    private static readonly double[] s_special =
        [0, -0.0, 1, -1, double.Epsilon, -1e-310, 1e-45, 0.25, 0.25, 1e300, -1e300, double.PositiveInfinity, double.NegativeInfinity, double.NaN];

    [Fact]
    public void Every_step_has_the_bits_of_its_twin_at_every_length_in_place_and_out_of_place()
    {
        Random random = new(4);
        for (int length = 0; length <= 257; length++)
        {
            foreach (bool special in (bool[])[false, true])
            {
                double[] left = Row(random, length, special);
                double[] right = Row(random, length, special);
                Check(new NoiseSteps.Centre(0.013), left, right);
                Check(new NoiseSteps.AddAndClip(0.7, 0.25), left, right);
                Check(new NoiseSteps.Normalize(0.9), left, right);
                Check(new NoiseSteps.Blend(0.3, 0.25), left, right);
            }
        }
    }

    [Fact]
    public void Rows_of_different_lengths_are_refused()
    {
        Assert.Throws<ArgumentException>(() => LaneSums.Apply(new NoiseSteps.Centre(0), new double[3], new double[4], new double[4]));
        Assert.Throws<ArgumentException>(() => LaneSums.Apply(new NoiseSteps.Centre(0), new double[4], new double[4], new double[3]));
    }

    private static void Check<TStep>(TStep step, double[] left, double[] right)
        where TStep : struct, ILaneStep
    {
        double[] expected = new double[left.Length];
        double sum = LaneSums.ApplyScalar(step, left, right, expected);
        double[] target = new double[left.Length];
        double[] overLeft = [.. left];
        double[] overRight = [.. right];
        AssertSame([sum, .. expected], [LaneSums.Apply(step, left, right, target), .. target]);
        AssertSame([sum, .. expected], [LaneSums.Apply(step, overLeft, right, overLeft), .. overLeft]);
        AssertSame([sum, .. expected], [LaneSums.Apply(step, left, overRight, overRight), .. overRight]);
    }

    /// <summary>Bits, but for which of the NaNs it is.</summary>
    private static void AssertSame(double[] expected, double[] actual) => Assert.Equal(expected.Select(Bits), actual.Select(Bits));

    private static long Bits(double value) => double.IsNaN(value) ? -1 : BitConverter.DoubleToInt64Bits(value);

    private static double[] Row(Random random, int length, bool special) =>
        [.. Enumerable.Range(0, length).Select(_ => special && random.Next(3) == 0 ? s_special[random.Next(s_special.Length)] : random.NextDouble() - 0.3)];
}
