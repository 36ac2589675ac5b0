using System.Numerics;
using InferenceShield.Lab;
using InferenceShield.Numerics;

namespace InferenceShield.Tests;

/// <summary>Kernels of detection against their portable twins, bit by bit. Runs with whatever instructions are switched on: set
/// DOTNET_EnableAVX512=0, DOTNET_EnableAVX2=0 or DOTNET_EnableHWIntrinsic=0 to test the other paths.</summary>
public sealed class DetectionKernelTests
{
    [Fact]
    public void Words_that_differ_in_one_bit_at_most_are_found()
    {
        SeededRandom random = new(5, 1);
        ulong[] words = new ulong[RingScan.Length];
        for (int round = 0; round < 500; round++)
        {
            ulong word = random.NextUInt64();
            ulong expected = 0;
            for (int i = 0; i < words.Length; i++)
            {
                words[i] = random.NextInt32(3) switch
                {
                    0 => random.NextUInt64(),
                    1 => word ^ (1UL << random.NextInt32(64)),
                    _ => word ^ (1UL << random.NextInt32(64)) ^ (1UL << random.NextInt32(64)),
                };
                expected |= (BitOperations.PopCount(words[i] ^ word) <= 1 ? 1UL : 0) << i;
            }

            Assert.Equal(expected, RingScan.FindNear(words, word));
            Assert.Equal(expected, RingScan.FindNearScalar(words, word));
        }
    }

    [Fact]
    public void A_quadratic_form_is_that_of_its_twin_and_of_the_formula()
    {
        SeededRandom random = new(5, 2);
        float[] matrix = new float[QuadraticForm.Dimension * QuadraticForm.Dimension];
        float[] linear = new float[QuadraticForm.Dimension];
        float[] absolute = new float[QuadraticForm.Dimension];
        float[] x = new float[QuadraticForm.Lanes];
        for (int round = 0; round < 500; round++)
        {
            foreach (float[] values in new[] { matrix, linear, absolute })
            {
                foreach (ref float value in values.AsSpan())
                {
                    value = random.NextSigned() * 3;
                }
            }

            double expected = 0;
            for (int i = 0; i < QuadraticForm.Dimension; i++)
            {
                x[i] = random.NextSigned() * 6;
            }

            for (int i = 0; i < QuadraticForm.Dimension; i++)
            {
                expected += ((double)linear[i] * x[i]) + (absolute[i] * Math.Abs((double)x[i]));
                for (int j = 0; j < QuadraticForm.Dimension; j++)
                {
                    expected += (double)x[i] * matrix[(i * QuadraticForm.Dimension) + j] * x[j];
                }
            }

            float[] padded = QuadraticForm.Pad(matrix);
            float found = QuadraticForm.Of(padded, QuadraticForm.Pad(linear), QuadraticForm.Pad(absolute), x);
            Assert.Equal(QuadraticForm.OfScalar(padded, QuadraticForm.Pad(linear), QuadraticForm.Pad(absolute), x), found);
            Assert.Equal(expected, found, 1e-3);
        }
    }

    [Fact]
    public void Running_means_are_those_of_the_twin()
    {
        SeededRandom random = new(5, 3);
        float[] vector = new float[24];
        (double[] sums, float[] fast, float[] slow) = (new double[24], new float[24], new float[24]);
        (double[] twinSums, float[] twinFast, float[] twinSlow) = (new double[24], new float[24], new float[24]);
        for (int round = 0; round < 1000; round++)
        {
            foreach (ref float value in vector.AsSpan())
            {
                value = random.NextSigned() * 9;
            }

            RunningMeans.Add(vector, sums, fast, slow, .02f, .003f);
            RunningMeans.AddScalar(vector, twinSums, twinFast, twinSlow, .02f, .003f);
        }

        Assert.Equal(twinSums, sums);
        Assert.Equal(twinFast, fast);
        Assert.Equal(twinSlow, slow);
    }
}
