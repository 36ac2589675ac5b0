using System.Runtime.InteropServices;
using InferenceShield.Numerics;

namespace InferenceShield.Tests;

public sealed class InputSchemaTests
{
    private static readonly SipHashKey s_key = new(Enumerable.Range(0, 16).Select(i => (byte)i).ToArray());
    private static readonly InputDigester s_digester = new(42);

    [Fact]
    public void Name_element_and_shape_tell_inputs_apart()
    {
        byte[] row = new byte[24];
        InputSchema[] schemas =
        [
            new(s_key, "image", InputElement.Bytes, [2, 3]),
            new(s_key, "image", InputElement.Bytes, [3, 2]),
            new(s_key, "image", InputElement.Bytes, [6]),
            new(s_key, "image", InputElement.Bytes, []),
            new(s_key, "image", InputElement.FloatingPoint32, [6]),
            new(s_key, "imag", InputElement.Bytes, [6]),
            new(s_key, "", InputElement.Bytes, [6]),
            new(new SipHashKey(new byte[16]), "image", InputElement.Bytes, [6]),
        ];
        Assert.Equal(schemas.Length, schemas.Select(schema => s_digester.Digest(schema, row)).Distinct().Count());
        Assert.Equal(s_digester.Digest(schemas[0], row), s_digester.Digest(new InputSchema(s_key, "image", InputElement.Bytes, [2, 3]), row));
        Assert.NotEqual(s_digester.Digest(row), s_digester.Digest(schemas[3], row));
    }

    [Fact]
    public void Every_single_is_told_apart_but_zeros_and_NaNs()
    {
        InputSchema schema = new(s_key, "x", InputElement.FloatingPoint32, [3]);
        InputDigest Of(float value) => s_digester.Digest(schema, MemoryMarshal.AsBytes<float>([1, value, 2]));
        Assert.Equal(Of(0f), Of(-0f));
        Assert.Equal(Of(float.NaN), Of(BitConverter.UInt32BitsToSingle(0x7F80_0001)));
        Assert.Equal(Of(float.NaN), Of(BitConverter.UInt32BitsToSingle(0xFFFF_FFFF)));
        float[] distinct = [0, float.NaN, float.PositiveInfinity, float.NegativeInfinity, float.Epsilon, -float.Epsilon, 1, -1, float.MaxValue, float.MinValue];
        Assert.Equal(distinct.Length, distinct.Select(Of).Distinct().Count());
    }

    [Theory]
    [InlineData(InputElement.FloatingPoint32, 4, 0x7F80_0000ul)]
    [InlineData(InputElement.FloatingPoint64, 8, 0x7FF0_0000_0000_0000ul)]
    [InlineData(InputElement.FloatingPoint16, 2, 0x7C00ul)]
    [InlineData(InputElement.BFloat16, 2, 0x7F80ul)]
    public void A_number_in_another_form_is_found_anywhere_in_rows_of_every_length(InputElement element, int size, ulong infinity)
    {
        ulong sign = 1UL << ((8 * size) - 1);
        InputSchema schema = new(s_key, "x", element, []);
        Random random = new(size);
        for (int length = 1; length <= 257; length++)
        {
            ulong[] values = new ulong[length];
            for (int i = 0; i < length; i++)
            {
                values[i] = ((ulong)random.NextInt64() % infinity) + ((ulong)random.Next(2) * sign);
                values[i] = values[i] == sign ? 0 : values[i];
            }

            int at = random.Next(length);
            values[at] = 0;
            InputDigest zero = Digest(values);
            Assert.Equal(s_digester.Digest(new InputSchema(s_key, "x", element, []), Bytes(values)), zero);
            values[at] = sign;
            Assert.Equal(zero, Digest(values));
            values[at] = infinity + 1;
            InputDigest notANumber = Digest(values);
            Assert.NotEqual(zero, notANumber);
            values[at] = (sign | infinity) + ((ulong)random.NextInt64() % (sign - infinity - 1)) + 1;
            Assert.Equal(notANumber, Digest(values));
            values[at] = infinity;
            InputDigest positive = Digest(values);
            values[at] = infinity | sign;
            Assert.NotEqual(positive, Digest(values));
            Assert.NotEqual(notANumber, positive);
        }

        InputDigest Digest(ulong[] values) => s_digester.Digest(schema, Bytes(values));

        byte[] Bytes(ulong[] values) => [.. values.SelectMany(value => BitConverter.GetBytes(value).Take(size))];
    }

    [Fact]
    public void Vectors_and_scalars_agree_on_what_is_canonical()
    {
        Random random = new(6);
        for (int length = 0; length <= 257; length++)
        {
            for (int round = 0; round < 4; round++)
            {
                uint[] bits = [.. Enumerable.Range(0, length).Select(_ => (uint)random.Next(0x7F80_0001))];
                if (length > 0 && round > 0)
                {
                    bits[random.Next(length)] = round == 1 ? 0x8000_0000 : round == 2 ? 0x7F80_0001 : 0xFF80_0001;
                }

                bool expected = length == 0 || round == 0;
                Assert.Equal(expected, FloatCanonical.IsCanonicalScalar<uint>(bits, 0x7F80_0000));
                Assert.Equal(expected, FloatCanonical.IsCanonical<uint>(bits, 0x7F80_0000));
            }
        }
    }

    [Fact]
    public void Bytes_behind_the_last_whole_element_count()
    {
        InputSchema schema = new(s_key, "x", InputElement.FloatingPoint32, []);
        Assert.NotEqual(s_digester.Digest(schema, new byte[] { 0, 0, 0, 0, 1 }), s_digester.Digest(schema, new byte[] { 0, 0, 0, 0, 2 }));
        Assert.NotEqual(s_digester.Digest(schema, new byte[] { 0, 0, 0, 0x80, 1 }), s_digester.Digest(schema, new byte[] { 0, 0, 0, 0x80, 2 }));
        Assert.Equal(s_digester.Digest(schema, new byte[] { 0, 0, 0, 0x80, 1 }), s_digester.Digest(schema, new byte[] { 0, 0, 0, 0, 1 }));
    }

    [Fact]
    public void Several_described_inputs_are_told_apart_by_order_and_content()
    {
        InputSchema left = new(s_key, "left", InputElement.FloatingPoint32, [1]);
        InputSchema right = new(s_key, "right", InputElement.FloatingPoint32, [1]);
        byte[] one = BitConverter.GetBytes(1f);
        byte[] zero = BitConverter.GetBytes(-0f);
        InputDigest both = s_digester.Append(s_digester.Digest(left, one), right, zero);
        Assert.Equal(both, s_digester.Append(s_digester.Digest(left, one), right, new byte[4]));
        Assert.NotEqual(both, s_digester.Append(s_digester.Digest(right, zero), left, one));
        Assert.NotEqual(both, s_digester.Append(s_digester.Digest(left, zero), right, one));
        Assert.NotEqual(both, s_digester.Append(s_digester.Digest(left, one), left, zero));
    }

    [Fact]
    public void Shields_with_one_secret_describe_alike()
    {
        using Shield one = Build("one", 1);
        using Shield same = Build("same", 1);
        using Shield other = Build("other", 2);
        byte[] row = BitConverter.GetBytes(1.5f);
        InputDigest digest = one.Digest(one.DescribeInput("x", InputElement.FloatingPoint32, 1), row);
        Assert.Equal(digest, same.Digest(same.DescribeInput("x", InputElement.FloatingPoint32, 1), row));
        Assert.NotEqual(digest, other.Digest(other.DescribeInput("x", InputElement.FloatingPoint32, 1), row));
        Assert.NotEqual(digest, one.Digest(row));
        Assert.Throws<ArgumentOutOfRangeException>(() => one.DescribeInput("x", (InputElement)9));
        Assert.Equal("x (FloatingPoint32)", one.DescribeInput("x", InputElement.FloatingPoint32, 1).ToString());

        static Shield Build(string name, int secret) => new ShieldBuilder(name)
            .UseSecret(ShieldSecrets.FromBytes(Enumerable.Range(secret, 32).Select(i => (byte)i).ToArray()))
            .AddOutput("scores", OutputKind.Probabilities)
            .Build();
    }
}
