using System.Buffers.Binary;
using FsCheck;
using FsCheck.Fluent;
using InferenceShield.Numerics;

namespace InferenceShield.Tests;

public sealed class SipHashTests
{
    private static readonly SipHashKey s_key = new(Convert.FromHexString("000102030405060708090a0b0c0d0e0f"));

    [Fact]
    public void Equals_the_reference_for_every_length_from_0_to_63()
    {
        string[] vectors = ReadVectors();
        Assert.Equal(64, vectors.Length);
        for (int length = 0; length < vectors.Length; length++)
        {
            byte[] message = [.. Enumerable.Range(0, length).Select(value => (byte)value)];
            Assert.Equal((length, vectors[length]), (length, ToHex(SipHash.Hash(s_key, message))));
        }
    }

    [Fact]
    public void Three_words_hash_as_their_24_bytes()
    {
        Gen<ulong> word = Gen.Choose(0, 255).ArrayOf(8).Select(bytes => BitConverter.ToUInt64([.. bytes.Select(value => (byte)value)]));
        Properties.Hold(word.Three(), words =>
        {
            byte[] bytes = new byte[24];
            BinaryPrimitives.WriteUInt64LittleEndian(bytes, words.Item1);
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(8), words.Item2);
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(16), words.Item3);
            Assert.Equal(SipHash.Hash(s_key, bytes), SipHash.Hash(s_key, words.Item1, words.Item2, words.Item3));
        });
    }

    [Fact]
    public void Both_halves_of_the_key_matter()
    {
        Hash128 hash = SipHash.Hash(s_key, "message"u8);
        Assert.NotEqual(hash, SipHash.Hash(new SipHashKey(Convert.FromHexString("100102030405060708090a0b0c0d0e0f")), "message"u8));
        Assert.NotEqual(hash, SipHash.Hash(new SipHashKey(Convert.FromHexString("000102030405060708090a0b0c0d0e1f")), "message"u8));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(15)]
    [InlineData(17)]
    public void A_key_of_another_length_is_refused(int length) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new SipHashKey(new byte[length]));

    [Fact]
    public void The_key_shows_nothing_of_itself() => Assert.Equal("SipHashKey", s_key.ToString());

    private static string ToHex(Hash128 hash)
    {
        byte[] bytes = new byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, hash.Low);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(8), hash.High);
        return Convert.ToHexStringLower(bytes);
    }

    internal static string[] ReadVectors()
    {
        using Stream stream = typeof(SipHashTests).Assembly.GetManifestResourceStream("siphash-2-4-128.txt")!;
        using StreamReader reader = new(stream);
        return [.. reader.ReadToEnd().Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0 && line[0] != '#')];
    }
}
