using System.Buffers.Binary;

namespace InferenceShield.Tests;

public sealed class InputSpaceTests
{
    private const int Length = 60;
    private static readonly int s_header = 32 + 5 + new ShieldSecret(TestShield.Secret(1)).KeyId.Length; // and "model"

    [Theory]
    [InlineData(InputKind.Image)]
    [InlineData(InputKind.Tabular)]
    public void Directions_and_deviations_are_those_that_rows_were_made_with(InputKind kind)
    {
        double[] deviations = InputRows.Falling(Length);
        InputSpace space = InputSpace.Learn(InputRows.Normal(4_000, deviations, 1), Length, kind);
        Assert.Equal(20, space.DirectionCount);
        Assert.Equal(2_000, space.HeldRows);
        for (int k = 0; k < space.DirectionCount; k++)
        {
            for (int j = 0; j <= k; j++)
            {
                Assert.Equal(j == k ? 1 : 0, Dot(space.Direction(k), space.Direction(j)), 1e-5);
            }

            if (kind == InputKind.Image && k < 8)
            {
                Assert.InRange(Math.Abs(space.Direction(k)[k]), 0.98, 1.0001);
                Assert.Equal(1, space.Deviations[k] / deviations[k], 0.06);
            }
        }

        for (int i = 0; i < Length; i++)
        {
            Assert.Equal(i, space.Mean[i], 0.15);
            Assert.Equal(kind == InputKind.Image ? 1 : 1 / deviations[i], space.Scale[i], kind == InputKind.Image ? 0 : 0.1 / deviations[i]);
        }

        Assert.True(space.Deviations.SequenceEqual(space.Deviations.OrderDescending()));
    }

    [Fact]
    public void Reach_is_that_of_the_farthest_held_row()
    {
        double[] deviations = InputRows.Falling(Length);
        float[] rows = InputRows.Normal(1_000, deviations, 1);
        rows[(501 * Length) + 59] += 100; // an odd row: held
        rows[(701 * Length) + 0] += 40;
        InputSpace space = InputSpace.Learn(rows, Length);
        Assert.InRange(Math.Sqrt(space.OuterReach), 90, 101);
        Assert.InRange(Math.Sqrt(space.InnerReach), 35, 45);
        (double inner, double outer) = new InputReach(space).Measure(rows.AsSpan(3 * Length, Length));
        Assert.InRange(inner, 1, 60); // a chi-square of 20
        Assert.InRange(outer, 0, 0.1);
    }

    [Fact]
    public void What_was_saved_is_what_is_loaded()
    {
        InputSpace space = InputRows.Space();
        using ShieldSecret secret = new(TestShield.Secret(1));
        byte[] file = Save(space, secret);
        InputSpace loaded = InputSpace.Load(file, "model", secret);
        Assert.Equal(file, Save(loaded, secret));
        Assert.Equal((space.InputLength, space.DirectionCount, space.HeldRows, space.InnerReach, space.OuterReach), (loaded.InputLength, loaded.DirectionCount, loaded.HeldRows, loaded.InnerReach, loaded.OuterReach));
        Assertions.SameBits(space.Directions.ToArray(), loaded.Directions.ToArray());
        Assertions.SameBits(space.Mean, loaded.Mean);
        Assert.Equal(3, file[5]);
        Assert.Equal(Length, BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(s_header)));
        Assert.Equal(s_header + 16 + 16 + (20 * 8) + (22 * Length * 4) + 32, file.Length);
    }

    [Fact]
    public void Learning_twice_gives_the_same_bits() => Assertions.SameBits(InputRows.Space().Directions.ToArray(), InputRows.Space().Directions.ToArray());

    [Fact]
    public void A_file_that_is_not_right_is_refused_and_the_message_says_why()
    {
        InputSpace space = InputRows.Space();
        using ShieldSecret secret = new(TestShield.Secret(1));
        using ShieldSecret sameId = new(TestShield.Secret(2), secret.KeyId);
        using ShieldSecret otherId = new(TestShield.Secret(1), "another");
        byte[] file = Save(space, secret);
        Expect(ReleaseFileFault.OtherModel, "'model'", file, secret, "another");
        Expect(ReleaseFileFault.OtherKey, "'another'", file, otherId);
        Expect(ReleaseFileFault.NotAuthentic, "without the secret", file, sameId);
        Expect(ReleaseFileFault.Truncated, "truncated", file[..^1], secret);
        Expect(ReleaseFileFault.TooLarge, "too large", [.. file, 0], secret);
        Expect(ReleaseFileFault.NotAReleaseFile, "ISRL", [.. "nonsense"u8, .. file[8..]], secret);
        for (int at = s_header; at < file.Length; at += 997)
        {
            byte[] altered = [.. file];
            altered[at] ^= 1;
            Expect(ReleaseFileFault.NotAuthentic, "not authentic", altered, secret);
        }

        byte[] newer = [.. file];
        newer[4] = 2;
        Expect(ReleaseFileFault.UnknownVersion, "version 2", newer, secret);
        using MemoryStream bands = new();
        ConfidenceBands.FromEdges(1, [0.5]).Save(bands, "model", secret);
        Expect(ReleaseFileFault.OtherKind, "confidence bands; expected an input space", bands.ToArray(), secret);
    }

    [Fact]
    public void Whatever_its_bytes_a_file_is_refused_or_loaded_whole()
    {
        InputSpace space = InputSpace.Learn(InputRows.Normal(100, InputRows.Falling(12), 1), 12);
        using ShieldSecret secret = new(TestShield.Secret(1));
        using ReleaseFileKey key = ReleaseFileKey.Of(secret);
        byte[] file = Save(space, secret);
        Mutations mutations = new(seed: 1);
        int loaded = 0;
        for (int i = 0; i < 5000; i++)
        {
            byte[] altered = mutations.Next(file);
            bool isSealed = mutations.Draw(4) > 0 && altered.Length > 64;
            if (isSealed)
            {
                // As if somebody with the secret had written it.
                BinaryPrimitives.WriteInt32LittleEndian(altered.AsSpan(8), altered.Length);
                key.Authenticate(altered.AsSpan(0, altered.Length - 32), altered.AsSpan(altered.Length - 32));
            }

            InputSpace? read = null;
            Exception? thrown = Record.Exception(() => read = InputSpace.Load(altered, "model", secret));
            Assert.True(thrown is null or ReleaseFileException, $"{thrown} of {Convert.ToHexString(altered)}");
            Assert.True(read is null || isSealed || altered.AsSpan().SequenceEqual(file), Convert.ToHexString(altered));
            if (read is not null)
            {
                loaded++;
                Assert.Equal((12, 12), (read.InputLength, read.Fold(new float[12]).Length));
                new InputReach(read).Measure(new float[12]);
            }
        }

        Assert.InRange(loaded, 100, 4000);
    }

    [Theory]
    [InlineData(99, 4, InputKind.Image, "at least 100 whole rows of 4 numbers")]
    [InlineData(100, 1, InputKind.Image, "2 to 16777216")]
    [InlineData(100, 4, InputKind.Tokens, "Image and Tabular")]
    public void Rows_that_nothing_can_be_learned_of_are_refused(int rows, int length, InputKind kind, string message) =>
        Assert.Contains(message, Assert.ThrowsAny<ArgumentException>(() => InputSpace.Learn(new float[rows * length], length, kind)).Message, StringComparison.Ordinal);

    [Fact]
    public void Rows_that_are_all_the_same_or_not_finite_are_refused()
    {
        Assert.Contains("all the same", Assert.Throws<ArgumentException>(() => InputSpace.Learn(new float[400], 4)).Message, StringComparison.Ordinal);
        float[] rows = InputRows.Normal(100, InputRows.Falling(4), 1);
        rows[4 * 7 + 2] = float.NaN;
        Assert.Contains("Number 2 of row 7", Assert.Throws<ArgumentException>(() => InputSpace.Learn(rows, 4)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_wide_row_is_summed_in_blocks()
    {
        const int Wide = 10_000; // blocks of 3
        float[] rows = new float[100 * Wide];
        InputRows.Normal(100 * 25, [.. Enumerable.Repeat(1.0, Wide / 25)], 3).CopyTo(rows, 0);
        InputSpace space = InputSpace.Learn(rows, Wide);
        Assert.Equal((3, 3334), (space.Block, space.Width));
        ReadOnlySpan<float> row = rows.AsSpan(5 * Wide, Wide);
        ReadOnlySpan<float> folded = space.Fold(row);
        Assert.Equal(row[30] + row[31] + row[32], folded[10], 1e-3);
        Assert.Equal(row[9999], folded[3333]);
        Assert.Contains("10000", Assert.Throws<ArgumentException>(() => space.Fold(new float[9_999])).Message, StringComparison.Ordinal);
    }

    private static double Dot(ReadOnlySpan<float> left, ReadOnlySpan<float> right)
    {
        double sum = 0;
        for (int i = 0; i < left.Length; i++)
        {
            sum += (double)left[i] * right[i];
        }

        return sum;
    }

    private static byte[] Save(InputSpace space, ShieldSecret secret)
    {
        using MemoryStream stream = new();
        space.Save(stream, "model", secret, new ManualTimeProvider());
        return stream.ToArray();
    }

    private static void Expect(ReleaseFileFault fault, string message, byte[] file, ShieldSecret secret, string model = "model")
    {
        ReleaseFileException exception = Assert.Throws<ReleaseFileException>(() => InputSpace.Load(file, model, secret));
        Assert.Equal(fault, exception.Fault);
        Assert.Contains(message, exception.Message, StringComparison.OrdinalIgnoreCase);
    }
}
