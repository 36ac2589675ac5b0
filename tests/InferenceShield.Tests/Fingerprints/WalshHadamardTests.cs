using InferenceShield.Numerics;

namespace InferenceShield.Tests;

[Trait("Widths", "all")]
public sealed class WalshHadamardTests
{
    [Fact]
    public void Vectors_and_scalars_give_the_same_bits_at_every_length()
    {
        Random random = new(1);
        for (int length = 16; length <= 8192; length *= 2)
        {
            float[] values = Values(length, random);
            float[] scalar = [.. values];
            WalshHadamard.Transform(values);
            WalshHadamard.TransformScalar(scalar);
            for (int i = 0; i < length; i++)
            {
                Assert.Equal(BitConverter.SingleToInt32Bits(scalar[i]), BitConverter.SingleToInt32Bits(values[i]));
            }
        }
    }

    [Fact]
    public void It_is_the_product_with_the_Hadamard_matrix()
    {
        float[] values = Values(128, new Random(2));
        float[] transformed = [.. values];
        WalshHadamard.Transform(transformed);
        for (int row = 0; row < 128; row++)
        {
            double expected = 0;
            for (int column = 0; column < 128; column++)
            {
                expected += (int.PopCount(row & column) & 1) == 0 ? values[column] : -values[column];
            }

            Assert.InRange(transformed[row], expected - 1e-3, expected + 1e-3);
        }
    }

    [Fact]
    public void Sums_have_the_same_bits_with_and_without_vectors_at_every_length()
    {
        Random random = new(3);
        for (int length = 0; length <= 257; length++)
        {
            float[] values = Values(length, random);
            float sum = FixedOrderSum.Sum(values);
            Assert.Equal(BitConverter.SingleToInt32Bits(FixedOrderSum.SumScalar(values)), BitConverter.SingleToInt32Bits(sum));
            Assert.Equal(0, values.Sum(value => (double)value) - sum, 3);
        }
    }

    [Fact]
    public void Folding_adds_signed_differences_place_by_place_at_every_length()
    {
        Random random = new(4);
        for (int length = 1; length <= 257; length++)
        {
            float[] row = Values(length, random);
            float[] centers = Values(length, random);
            float[] factors = Values(length * Math.Max(1, 64 / length), random);
            float[] folded = new float[64];
            SignedFold.Fold(row, centers, factors, folded);
            float[] expected = new float[64];
            for (int i = 0; i < factors.Length; i++)
            {
                float term = (row[i % length] - centers[i % length]) * factors[i];
                expected[i % 64] += term;
            }

            Assert.Equal(Array.ConvertAll(expected, BitConverter.SingleToInt32Bits), Array.ConvertAll(folded, BitConverter.SingleToInt32Bits));
        }
    }

    private static float[] Values(int length, Random random) =>
        [.. Enumerable.Range(0, length).Select(_ => (random.NextSingle() - 0.5f) * 10)];
}
