using System.Buffers.Binary;
using System.Security.Cryptography;

namespace InferenceShield.Tests;

public sealed class ReleaseFileTests
{
    private const int Classes = 4;
    private const int Body = 32 + 5;
    private static readonly ConfidenceBands s_bands = ConfidenceBands.FromEdges(Classes, [0.5, 0.9]);
    private static readonly AnswerCodebook s_codebook = AnswerCodebook.Learn(ReleaseCases.Answers(Classes, 400, 1), Classes, OutputKind.Logits, 3);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_was_saved_is_what_is_loaded(bool authenticated)
    {
        using ShieldSecret? secret = authenticated ? new ShieldSecret(TestShield.Secret(1)) : null;
        ManualTimeProvider clock = new();
        using MemoryStream file = new();
        s_bands.Save(file, "modèle", secret, clock);
        ConfidenceBands bands = ConfidenceBands.Load(file.ToArray(), "modèle", Classes, secret);
        BandLearningTests.AssertSame(s_bands, bands);
        Assert.Equal(clock.GetUtcNow().ToUnixTimeSeconds(), bands.Created!.Value.ToUnixTimeSeconds());

        byte[] saved = AnswerCodebookTests.Save(s_codebook, "model", secret);
        AnswerCodebook codebook = AnswerCodebook.Load(saved, "model", Classes, secret);
        Assert.Equal(saved, AnswerCodebookTests.Save(codebook, "model", secret));
        Assert.Equal(s_codebook.DistanceCap, codebook.DistanceCap);
        Assert.NotNull(codebook.Created);
        foreach (float[] clean in ReleaseCases.Answers(Classes, 100, 2).Chunk(Classes))
        {
            float[] expected = new float[Classes];
            float[] actual = new float[Classes];
            Assert.Equal(s_codebook.TryRelease(clean, OutputKind.Logits, expected), codebook.TryRelease(clean, OutputKind.Logits, actual));
            Assertions.SameBits(expected, actual);
        }
    }

    [Fact]
    public void The_format_is_the_documented_one()
    {
        byte[] file = SaveBands();
        Assert.Equal("ISRL"u8.ToArray(), file[..4]);
        Assert.Equal([1, 1, 0, 0], file[4..8]);
        Assert.Equal(file.Length, BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(8)));
        Assert.Equal(Classes, BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(12)));
        Assert.Equal(100_000, BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(24)));
        Assert.Equal([5, 0, 0, 0], file[28..32]);
        Assert.Equal("model"u8.ToArray(), file[32..Body]);
        Assert.Equal([2, 0, 1, 0], file[Body..(Body + 4)]);
        Assert.Equal(50_000, BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(Body + 4)));
        Assert.Equal(SHA256.HashData(file[..^32]), file[^32..]);
        Assert.Equal(Body + 4 + (8 * 4) + 32, file.Length);
    }

    [Fact]
    public void Every_flipped_bit_and_every_truncation_is_refused()
    {
        using ShieldSecret secret = new(TestShield.Secret(1));
        foreach (ShieldSecret? key in (ShieldSecret?[])[null, secret])
        {
            foreach (byte[] file in (byte[][])[SaveBands(key), AnswerCodebookTests.Save(s_codebook, "model", key)])
            {
                bool isBands = file[5] == 1;
                for (int bit = 0; bit < file.Length * 8; bit++)
                {
                    byte[] flipped = [.. file];
                    flipped[bit / 8] ^= (byte)(1 << (bit % 8));
                    ReleaseFileException fault = Refused(flipped, isBands, secret: key);
                    if (bit / 8 >= 32)
                    {
                        Assert.True(fault.Fault == (key is null ? ReleaseFileFault.Damaged : bit / 8 is >= Body and < Body + 8 ? ReleaseFileFault.OtherKey : ReleaseFileFault.NotAuthentic), $"bit {bit}: {fault.Message}");
                    }
                }

                for (int length = 0; length < file.Length; length++)
                {
                    Assert.Equal(ReleaseFileFault.Truncated, Refused(file[..length], isBands, secret: key).Fault);
                }

                Assert.Equal(ReleaseFileFault.TooLarge, Refused([.. file, 0], isBands, secret: key).Fault);
            }
        }
    }

    [Fact]
    public void What_was_made_for_something_else_is_refused()
    {
        byte[] file = SaveBands();
        Expect(ReleaseFileFault.OtherModel, "'model'", Refused(file, model: "another"));
        Expect(ReleaseFileFault.OtherClasses, "4 classes", Refused(file, classes: 5));
        Expect(ReleaseFileFault.OtherKind, "codebook", Refused(file, isBands: false));
        Expect(ReleaseFileFault.UnknownVersion, "version 2", Refused(Change(file, 4, 2, 1)));
        Expect(ReleaseFileFault.NotAReleaseFile, "ISRL", Refused(Change(file, 0, 0x4b535349, 4)));
        Expect(ReleaseFileFault.TooLarge, "largest", Refused(new byte[ReleaseFile.MaximumSize + 1]));
        Expect(ReleaseFileFault.Malformed, "grid of 1000", Refused(Change(file, 24, 1000, 4)));
    }

    [Fact]
    public void A_planted_file_is_refused_by_who_has_the_secret()
    {
        using ShieldSecret secret = new(TestShield.Secret(1), "first");
        using ShieldSecret other = new(TestShield.Secret(2), "second");
        using ShieldSecret sameId = new(TestShield.Secret(3), "first");
        Expect(ReleaseFileFault.OtherKey, "anybody", Refused(SaveBands(), secret: secret));
        Expect(ReleaseFileFault.OtherKey, "'first'", Refused(SaveBands(secret), secret: null));
        Expect(ReleaseFileFault.OtherKey, "'second'", Refused(SaveBands(secret), secret: other));
        Expect(ReleaseFileFault.NotAuthentic, "without the secret", Refused(SaveBands(secret), secret: sameId));
        byte[] hashed = SaveBands(secret);
        SHA256.HashData(hashed.AsSpan(0, hashed.Length - 32), hashed.AsSpan(hashed.Length - 32));
        Expect(ReleaseFileFault.NotAuthentic, "not authentic", Refused(hashed, secret: secret));
    }

    [Theory]
    [InlineData(4, 90_000, "not above")] // edges 0.9, 0.9
    [InlineData(4, 95_000, "not above")] // edges 0.95, 0.9
    [InlineData(4, 89_999, "so near")]
    [InlineData(8, 100_000, "not between 0 and 1")]
    [InlineData(4, -5, "not between 0 and 1")]
    [InlineData(4, 0x7fc00000, "not between 0 and 1")] // the bits of a float NaN
    [InlineData(8, 0x7f800000, "not between 0 and 1")] // and of infinity
    [InlineData(12, 50_000, "band 0 releases 0.5")]
    [InlineData(16, 90_001, "band 1 releases")]
    [InlineData(20, 100_001, "band 2 releases")]
    [InlineData(12, 10_000, "cannot lead")]
    [InlineData(12, int.MinValue, "band 0 releases")]
    [InlineData(24, 49_999, "band 0 gives")]
    [InlineData(32, 0, "band 2 gives")]
    [InlineData(0, 3, "do not hold")]
    [InlineData(0, 0xffff, "do not hold")]
    public void Bands_that_cannot_be_are_refused(int position, int value, string part) =>
        Expect(ReleaseFileFault.Malformed, part, Refused(Change(SaveBands(), Body + position, value, position == 0 ? 2 : 4)));

    [Theory]
    [InlineData(0, 0, 4, "a cap of 0")]
    [InlineData(0, 200_001, 4, "a cap of 200001")]
    [InlineData(0, 0x7fc00000, 4, "a cap of")]
    [InlineData(4, 257, 2, "257 centroids")]
    [InlineData(4, 0, 2, "do not hold")]
    [InlineData(12, 100_001, 4, "sums to")]
    [InlineData(12, 1, 4, "possible: 0 to")]
    [InlineData(16, -1, 4, "has -1 steps")]
    [InlineData(16, int.MaxValue, 4, "possible: 0 to")]
    public void Codebooks_that_cannot_be_are_refused(int position, int value, int size, string part) =>
        Expect(ReleaseFileFault.Malformed, part, Refused(Change(AnswerCodebookTests.Save(s_codebook), Body + position, value, size), isBands: false));

    [Fact]
    public void Names_that_do_not_fit_are_refused()
    {
        using MemoryStream file = new();
        Assert.Throws<ArgumentException>(() => s_bands.Save(file, ""));
        Assert.Throws<ArgumentException>(() => s_bands.Save(file, new string('x', 257)));
        using ShieldSecret secret = new(TestShield.Secret(1), new string('k', 65));
        Assert.Throws<ArgumentException>(() => s_bands.Save(file, "model", secret));
        Assert.Equal(0, file.Length);
        using ShieldSecret lines = new(TestShield.Secret(1), "two\nlines");
        Assert.Contains("two?lines", Refused(SaveBands(lines)).Message, StringComparison.Ordinal);
    }

    private static byte[] SaveBands(ShieldSecret? secret = null)
    {
        using MemoryStream file = new();
        s_bands.Save(file, "model", secret, new ManualTimeProvider());
        return file.ToArray();
    }

    /// <summary>A file with other numbers and the checksum they ask for.</summary>
    private static byte[] Change(byte[] file, int position, int value, int size)
    {
        byte[] changed = [.. file];
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        bytes.AsSpan(0, size).CopyTo(changed.AsSpan(position));
        SHA256.HashData(changed.AsSpan(0, changed.Length - 32), changed.AsSpan(changed.Length - 32));
        return changed;
    }

    private static ReleaseFileException Refused(byte[] file, bool isBands = true, string model = "model", int classes = Classes, ShieldSecret? secret = null) =>
        isBands
            ? Assert.Throws<ReleaseFileException>(() => ConfidenceBands.Load(file, model, classes, secret))
            : Assert.Throws<ReleaseFileException>(() => AnswerCodebook.Load(file, model, classes, secret));

    private static void Expect(ReleaseFileFault fault, string part, ReleaseFileException actual)
    {
        Assert.True(actual.Fault == fault && actual.Message.Contains(part, StringComparison.Ordinal), $"{actual.Fault}: {actual.Message}");
    }
}
