using System.Buffers.Binary;
using System.Numerics;
using InferenceShield.Numerics;

namespace InferenceShield.Tests;

public sealed class SipHash13Tests
{
    private static readonly byte[] s_keyBytes = Convert.FromHexString("000102030405060708090a0b0c0d0e0f");
    private static readonly SipHashKey s_key = new(s_keyBytes);

    [Fact]
    public void The_slow_form_equals_the_reference_vectors_of_SipHash_2_4()
    {
        string[] vectors = SipHashTests.ReadVectors();
        for (int length = 0; length < vectors.Length; length++)
        {
            Assert.Equal((length, vectors[length]), (length, Hex(Slow(Message(length), perWord: 2, last: 4))));
        }
    }

    /// <summary>The one published vector: of the empty message, in the tests of the Rust crate siphasher.</summary>
    [Fact]
    public void The_empty_message_hashes_as_published() =>
        Assert.Equal("e77ebcb22788a5befd62db6add303001", Hex(SipHash13.Hash(s_key, [])));

    [Fact]
    public void Equals_the_slow_form_for_every_length_from_0_to_200()
    {
        for (int length = 0; length <= 200; length++)
        {
            Assert.Equal((length, Hex(Slow(Message(length), perWord: 1, last: 3))), (length, Hex(SipHash13.Hash(s_key, Message(length)))));
        }
    }

    [Fact]
    public void Differs_from_SipHash_2_4() => Assert.NotEqual(SipHash.Hash(s_key, "name"u8), SipHash13.Hash(s_key, "name"u8));

    [Fact]
    public void ASCII_text_of_any_length_hashes_as_its_bytes()
    {
        char[] text = [.. Enumerable.Range(0, 200).Select(i => (char)(i * 37 % 128))];
        for (int length = 0; length <= text.Length; length++)
        {
            for (int start = 0; start < Math.Min(4, text.Length - length + 1); start++)
            {
                ReadOnlySpan<char> slice = text.AsSpan(start, length);
                byte[] bytes = [.. slice.ToArray().Select(character => (byte)character)];
                Assert.Equal(SipHash13.Hash(s_key, bytes), SipHash13.HashAscii(s_key, slice, out bool isAscii));
                Assert.True(isAscii);
            }
        }
    }

    [Theory]
    [InlineData('\u0080')]
    [InlineData('\u00ff')]
    [InlineData('\u0161')] // its low byte is an a
    [InlineData('\u6100')]
    [InlineData('\u8000')]
    [InlineData('\ud83d')]
    public void One_other_character_anywhere_is_no_ASCII(char other)
    {
        for (int length = 1; length <= 40; length++)
        {
            for (int place = 0; place < length; place++)
            {
                char[] text = [.. Enumerable.Repeat('a', length)];
                text[place] = other;
                SipHash13.HashAscii(s_key, text, out bool isAscii);
                Assert.False(isAscii, $"{place} of {length}");
            }
        }
    }

    private static byte[] Message(int length) => [.. Enumerable.Range(0, length).Select(value => (byte)value)];

    private static string Hex(Hash128 hash)
    {
        byte[] bytes = new byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, hash.Low);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(8), hash.High);
        return Convert.ToHexStringLower(bytes);
    }

    /// <summary>Word by word as the paper has it, with the 128-bit output of the authors' reference code.</summary>
    private static Hash128 Slow(byte[] message, int perWord, int last)
    {
        ulong first = BinaryPrimitives.ReadUInt64LittleEndian(s_keyBytes);
        ulong second = BinaryPrimitives.ReadUInt64LittleEndian(s_keyBytes.AsSpan(8));
        ulong[] v = [first ^ 0x736f6d6570736575, second ^ 0x646f72616e646f6d ^ 0xee, first ^ 0x6c7967656e657261, second ^ 0x7465646279746573];
        byte[] padded = new byte[(message.Length / 8 * 8) + 8];
        message.CopyTo(padded, 0);
        padded[^1] = (byte)message.Length;
        foreach (byte[] eight in padded.Chunk(8))
        {
            ulong word = BinaryPrimitives.ReadUInt64LittleEndian(eight);
            v[3] ^= word;
            Rounds(v, perWord);
            v[0] ^= word;
        }

        v[2] ^= 0xee;
        Rounds(v, last);
        ulong low = v[0] ^ v[1] ^ v[2] ^ v[3];
        v[1] ^= 0xdd;
        Rounds(v, last);
        return new Hash128(low, v[0] ^ v[1] ^ v[2] ^ v[3]);
    }

    private static void Rounds(ulong[] v, int count)
    {
        for (int i = 0; i < count; i++)
        {
            (v[0], v[2]) = (v[0] + v[1], v[2] + v[3]);
            (v[1], v[3]) = (BitOperations.RotateLeft(v[1], 13) ^ v[0], BitOperations.RotateLeft(v[3], 16) ^ v[2]);
            v[0] = BitOperations.RotateLeft(v[0], 32);
            (v[2], v[0]) = (v[2] + v[1], v[0] + v[3]);
            (v[1], v[3]) = (BitOperations.RotateLeft(v[1], 17) ^ v[2], BitOperations.RotateLeft(v[3], 21) ^ v[0]);
            v[2] = BitOperations.RotateLeft(v[2], 32);
        }
    }
}
