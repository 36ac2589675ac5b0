using System.Buffers.Binary;
using System.Runtime.Intrinsics;
using System.Security.Cryptography;
using InferenceShield.Numerics;

namespace InferenceShield.Tests;

/// <summary>AES-128, LightMAC and the key, against the platform's AES.</summary>
public sealed class SketchHashTests
{
    [Fact]
    public void Aes_gives_the_block_of_the_standard()
    {
        // FIPS 197, appendix C.1.
        byte[] key = Convert.FromHexString("000102030405060708090a0b0c0d0e0f");
        Vector128<byte> block = Vector128.Create<byte>(Convert.FromHexString("00112233445566778899aabbccddeeff"));
        Vector128<byte> expected = Vector128.Create<byte>(Convert.FromHexString("69c4e0d86a7b0430d8cdb78070b4c55a"));
        Assert.Equal(expected, new Aes128(key).Encrypt(block));
        Assert.Equal(expected, EncryptInSoftware(key, block));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Aes128(new byte[15]));
    }

    [Fact]
    public void Instructions_and_plain_code_give_the_platforms_blocks()
    {
        Random random = new(1);
        byte[] key = new byte[16];
        byte[] text = new byte[16];
        for (int round = 0; round < 500; round++)
        {
            random.NextBytes(key);
            random.NextBytes(text);
            Vector128<byte> block = Vector128.Create<byte>(text);
            Vector128<byte> expected = Vector128.Create<byte>(EncryptOnPlatform(key, text));
            Assert.Equal(expected, new Aes128(key).Encrypt(block));
            Assert.Equal(expected, EncryptInSoftware(key, block));
        }
    }

    [Fact]
    public void LightMac_is_as_its_paper_defines_it_for_every_length_to_200()
    {
        byte[] key = [.. Enumerable.Range(0, 32).Select(value => (byte)(value * 7))];
        LightMac mac = new(key);
        for (int length = 0; length <= 200; length++)
        {
            byte[] message = [.. Enumerable.Range(0, length).Select(value => (byte)(value * 31 + length))];
            Assert.Equal((length, Reference(key, message)), (length, mac.Hash(message)));
            if (length == 8)
            {
                Assert.Equal(mac.Hash(message), mac.Hash(BinaryPrimitives.ReadUInt64LittleEndian(message)));
            }
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => new LightMac(new byte[31]));
    }

    [Fact]
    public void Neighbouring_messages_share_no_hash()
    {
        HashSet<ulong> hashes = [];
        byte[] zeros = new byte[100];
        for (int length = 0; length < zeros.Length; length++)
        {
            // Lengths of zeros, and all single bits: what padding, counters and block ends could confuse.
            Assert.True(hashes.Add(SketchInputs.Key.Hash(zeros.AsSpan(0, length))));
            for (int bit = 0; bit < 8 * length; bit++)
            {
                byte[] message = zeros[..length];
                message[bit / 8] = (byte)(1 << (bit % 8));
                Assert.True(hashes.Add(SketchInputs.Key.Hash(message)));
            }
        }
    }

    [Fact]
    public void Every_key_byte_matters_and_keys_of_any_length_are_derived()
    {
        byte[] key = RandomNumberGenerator.GetBytes(40);
        HashSet<ulong> hashes = [new SketchKey(key).Hash(1)];
        HashSet<ulong> fingerprints = [new SketchKey(key).Fingerprint];
        for (int i = 0; i < key.Length; i++)
        {
            key[i] ^= 1;
            Assert.True(hashes.Add(new SketchKey(key).Hash(1)));
            Assert.True(fingerprints.Add(new SketchKey(key).Fingerprint));
            key[i] ^= 1;
        }

        Assert.NotEqual(SketchKey.CreateRandom().Hash(1), SketchKey.CreateRandom().Hash(1));
    }

    [Fact]
    public void A_key_from_the_secret_is_the_same_every_time_and_differs_by_purpose()
    {
        using ShieldSecret secret = new([.. Enumerable.Range(1, 32).Select(value => (byte)value)]);
        Assert.Equal(SketchKey.Derive(secret, "a").Hash(5), SketchKey.Derive(secret, "a").Hash(5));
        Assert.NotEqual(SketchKey.Derive(secret, "a").Hash(5), SketchKey.Derive(secret, "b").Hash(5));
    }

    [Fact]
    public void A_key_that_is_none_is_refused_and_none_shows_itself()
    {
        Assert.Contains("15 bytes", Assert.Throws<ArgumentException>(() => new SketchKey(new byte[15])).Message, StringComparison.Ordinal);
        Assert.Contains("placeholder", Assert.Throws<ArgumentException>(() => new SketchKey(new byte[16])).Message, StringComparison.Ordinal);
        Assert.Equal("SketchKey", SketchInputs.Key.ToString());

        SketchKey cleared = SketchKey.CreateRandom();
        cleared.Clear();
        Assert.Equal(default(LightMac).Hash(1), cleared.Hash(1));
    }

    private static Vector128<byte> EncryptInSoftware(byte[] key, Vector128<byte> block)
    {
        Vector128<byte>[] roundKeys = new Vector128<byte>[11];
        Aes128Software.ExpandKey(key, roundKeys);
        return Aes128Software.Encrypt(roundKeys, block);
    }

    private static byte[] EncryptOnPlatform(byte[] key, byte[] block)
    {
        using Aes aes = Aes.Create();
        aes.Key = key;
        return aes.EncryptEcb(block, PaddingMode.None);
    }

    private static ulong Reference(byte[] key, byte[] message)
    {
        byte[] sum = new byte[16];
        int blocks = 0;
        for (; message.Length - 12 * blocks > 12; blocks++)
        {
            byte[] block = [.. BitConverter.GetBytes(blocks + 1), .. message.AsSpan(12 * blocks, 12)];
            Xor(sum, EncryptOnPlatform(key[..16], block));
        }

        Xor(sum, [.. message.AsSpan(12 * blocks), 0x80]);
        return BitConverter.ToUInt64(EncryptOnPlatform(key[16..], sum));
    }

    private static void Xor(byte[] sum, byte[] block)
    {
        for (int i = 0; i < block.Length; i++)
        {
            sum[i] ^= block[i];
        }
    }
}
