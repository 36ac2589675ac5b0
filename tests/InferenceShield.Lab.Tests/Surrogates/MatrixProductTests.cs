using System.Numerics.Tensors;

namespace InferenceShield.Lab.Tests;

public sealed class MatrixProductTests
{
    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(3, 64, 5)]
    [InlineData(4, 64, 1)]
    [InlineData(5, 65, 129)]
    [InlineData(7, 10, 130)]
    [InlineData(8, 16, 128)]
    [InlineData(13, 150, 300)]
    [InlineData(64, 128, 257)]
    [InlineData(9, 26, 64)]
    public void Wide_tiles_give_the_bits_of_the_portable_ones_and_the_sums_of_double_precision(int rows, int columns, int inner)
    {
        float[] a = Fill(rows * inner, 1);
        float[] b = Fill(inner * columns, 2);
        float[] start = Fill(rows * columns, 3);
        float[] portable = [.. start];
        MatrixProduct.AddPortable(rows, columns, inner, a, inner, 1, b, portable);
        float[] product = [.. start];
        MatrixProduct.AddProduct(rows, columns, inner, a, b, product);
        Assert.Equal(Bits(portable), Bits(product));

        float[] transposed = new float[a.Length];
        MatrixProduct.Transpose(rows, inner, a, transposed);
        float[] fromTransposed = [.. start];
        MatrixProduct.AddTransposedProduct(rows, columns, inner, transposed, b, fromTransposed);
        Assert.Equal(Bits(portable), Bits(fromTransposed));

        for (int i = 0; i < product.Length; i++)
        {
            double sum = start[i];
            for (int p = 0; p < inner; p++)
            {
                sum += (double)a[(i / columns * inner) + p] * b[(p * columns) + (i % columns)];
            }

            Assert.Equal(sum, product[i], 1e-4);
        }
    }

    [Fact]
    public void A_product_that_does_not_fit_its_spans_is_refused_before_anything_is_written()
    {
        float[] c = new float[4 * 64];
        Assert.ThrowsAny<Exception>(() => MatrixProduct.AddProduct(4, 64, 8, new float[31], new float[512], c));
        Assert.ThrowsAny<Exception>(() => MatrixProduct.AddProduct(4, 64, 8, new float[32], new float[511], c));
        Assert.ThrowsAny<Exception>(() => MatrixProduct.AddProduct(4, 64, 8, new float[32], new float[512], new float[255]));
    }

    [Fact]
    public void Adam_in_one_pass_has_the_bits_of_a_chain_of_whole_array_operations()
    {
        const int Count = 37;
        float[] parameters = Fill(Count, 4);
        float[] expected = [.. parameters];
        float[] mean = new float[Count];
        float[] square = new float[Count];
        float[] change = new float[Count];
        AdamOptimizer optimizer = new(Count);
        for (int step = 1; step <= 50; step++)
        {
            float[] gradient = Fill(Count, (ulong)(100 + step));
            optimizer.Step(parameters, gradient, 0.01f);
            TensorPrimitives.Subtract(gradient, mean, change);
            TensorPrimitives.MultiplyAdd(change, 1f - 0.9f, mean, mean);
            TensorPrimitives.Multiply(gradient, gradient, gradient);
            TensorPrimitives.Subtract(gradient, square, change);
            TensorPrimitives.MultiplyAdd(change, 1f - 0.999f, square, square);
            float correction = MathF.Sqrt(1f - MathF.Pow(0.999f, step));
            TensorPrimitives.Sqrt(square, change);
            TensorPrimitives.Add(change, 1e-8f * correction, change);
            TensorPrimitives.Divide(mean, change, change);
            TensorPrimitives.MultiplyAdd(change, -0.01f * correction / (1f - MathF.Pow(0.9f, step)), expected, expected);
        }

        Assert.Equal(Bits(expected), Bits(parameters));
    }

    private static float[] Fill(int count, ulong seed)
    {
        SeededRandom random = new(seed, stream: 5);
        float[] values = new float[count];
        foreach (ref float value in values.AsSpan())
        {
            value = random.NextSigned();
        }

        return values;
    }

    private static int[] Bits(float[] values) => [.. values.Select(BitConverter.SingleToInt32Bits)];
}
