using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using InferenceShield.Numerics;

namespace InferenceShield.Tests;

/// <summary>Runs with whatever instructions are switched on: set DOTNET_EnableAVX512=0, DOTNET_EnableAVX2=0 or
/// DOTNET_EnableHWIntrinsic=0 to test the other paths.</summary>
public sealed class CounterRandomTests
{
    private static readonly byte[] s_key = Convert.FromHexString("2b7e151628aed2a6abf7158809cf4f3c");

    private static readonly Hash128 s_cell = Cell("f0f1f2f3f4f5f6f7f8f9fafb");

    [Fact]
    public void Gives_the_key_stream_of_the_standard()
    {
        // NIST SP 800-38A, F.5.1: CTR-AES128. The key stream is plaintext xor ciphertext; the counter starts at fcfdfeff.
        byte[] plaintext = Convert.FromHexString(
            "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
            + "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710");
        byte[] ciphertext = Convert.FromHexString(
            "874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff"
            + "5ae4df3edbd5d35e5b4f09020db03eab1e031dda2fbe03d1792170a0f3009cee");
        uint[] words = new uint[16];
        new CounterRandom(s_key).Fill(s_cell, 0xfcfdfeff, words);
        byte[] stream = MemoryMarshal.AsBytes<uint>(words).ToArray();
        Assert.Equal(ciphertext, plaintext.Zip(stream, (text, key) => (byte)(text ^ key)));
    }

    [Fact]
    public void Equals_the_portable_cipher_at_every_length_and_writes_no_further()
    {
        CounterRandom random = new(s_key);
        uint[] expected = Portable(s_cell, 5, 257);
        for (int length = 0; length <= 257; length++)
        {
            uint[] words = new uint[length + 8];
            Array.Fill(words, 0xabababab);
            random.Fill(s_cell, 5, words.AsSpan(3, length));
            Assert.Equal(expected[..length], words[3..(3 + length)]);
            Assert.All([.. words[..3], .. words[(3 + length)..]], word => Assert.Equal(0xabababab, word));
        }
    }

    [Fact]
    public void A_stream_may_be_taken_up_at_any_block_and_its_counter_wraps()
    {
        CounterRandom random = new(s_key);
        uint[] whole = new uint[4 * 50];
        random.Fill(s_cell, uint.MaxValue - 20, whole);
        Assert.Equal(Portable(s_cell, uint.MaxValue - 20, whole.Length), whole);
        for (uint block = 0; block < 50; block++)
        {
            uint[] part = new uint[4 * (50 - block)];
            random.Fill(s_cell, unchecked(uint.MaxValue - 20 + block), part);
            Assert.Equal(whole[(4 * (int)block)..], part);
        }
    }

    [Fact]
    public void Every_bit_of_key_and_cell_gives_another_stream()
    {
        HashSet<(uint, uint)> starts = [];
        for (int bit = 0; bit < 96; bit++)
        {
            Hash128 cell = bit < 64 ? s_cell with { Low = s_cell.Low ^ (1UL << bit) } : s_cell with { High = s_cell.High ^ (1UL << (bit - 64)) };
            Assert.True(starts.Add(Start(s_key, cell)));
        }

        for (int bit = 0; bit < 128; bit++)
        {
            byte[] key = [.. s_key];
            key[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.True(starts.Add(Start(key, s_cell)));
        }

        static (uint, uint) Start(byte[] key, Hash128 cell)
        {
            uint[] words = new uint[2];
            new CounterRandom(key).Fill(cell, 0, words);
            return (words[0], words[1]);
        }
    }

    [Fact]
    public void Allocates_nothing()
    {
        CounterRandom random = new(s_key);
        uint[] words = new uint[257];
        Assert.Equal(0, Allocations.Least(() => random.Fill(s_cell, 0, words)));
    }

    private static Hash128 Cell(string hexadecimal)
    {
        byte[] bytes = Convert.FromHexString(hexadecimal);
        return new Hash128(BinaryPrimitives.ReadUInt64LittleEndian(bytes), BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(8)));
    }

    private static uint[] Portable(Hash128 cell, uint first, int length)
    {
        Vector128<byte>[] roundKeys = new Vector128<byte>[Aes128Software.Rounds + 1];
        Aes128Software.ExpandKey(s_key, roundKeys);
        byte[] stream = [.. Enumerable.Range(0, (length + 3) / 4).SelectMany(i =>
        {
            byte[] block = new byte[16];
            BinaryPrimitives.WriteUInt64LittleEndian(block, cell.Low);
            BinaryPrimitives.WriteUInt32LittleEndian(block.AsSpan(8), (uint)cell.High);
            BinaryPrimitives.WriteUInt32BigEndian(block.AsSpan(12), unchecked(first + (uint)i));
            byte[] enciphered = new byte[16];
            Aes128Software.Encrypt(roundKeys, Vector128.Create<byte>(block)).CopyTo(enciphered);
            return enciphered;
        })];
        return MemoryMarshal.Cast<byte, uint>(stream)[..length].ToArray();
    }
}
