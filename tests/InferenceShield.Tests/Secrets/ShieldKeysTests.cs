using System.Buffers.Binary;
using InferenceShield.Numerics;

namespace InferenceShield.Tests;

public sealed class ShieldKeysTests
{
    private static readonly byte[] s_material = TestShield.Secret(9);

    [Fact]
    public void Each_purpose_has_the_subkey_of_its_name()
    {
        ShieldKeys keys = Derive("fashion");
        AssertKey("caller", keys.Caller);
        AssertNoise("noise/fashion", keys.Noise);
        AssertKey("answers/fashion", keys.Answers);
        long seed = BinaryPrimitives.ReadInt64LittleEndian(ShieldSecretTests.Hkdf(s_material, "input", 16));
        Assert.Equal(new InputDigester(seed).Digest("row"u8), keys.Digester.Digest("row"u8));

        static void AssertKey(string purpose, SipHashKey key)
        {
            SipHashKey expected = new(ShieldSecretTests.Hkdf(s_material, purpose, 16));
            Assert.Equal((expected.First, expected.Second), (key.First, key.Second));
        }

        static void AssertNoise(string purpose, NoiseKey key)
        {
            NoiseKey expected = new(ShieldSecretTests.Hkdf(s_material, purpose, NoiseKey.Size));
            Assert.Equal(Stream(expected), Stream(key));
            Assert.Equal(Cell(expected), Cell(key));
        }
    }

    [Fact]
    public void A_callers_key_is_the_hash_of_the_name_under_the_callers_subkey()
    {
        using Shield shield = TestShield.Build(secret: 9);
        Hash128 hash = SipHash13.Hash(new SipHashKey(ShieldSecretTests.Hkdf(s_material, "caller", 16)), "alice"u8);
        CallerKey key = shield.IdentifyCaller("alice");
        Assert.Equal((hash.Low, hash.High), (key.Low, key.High));
    }

    [Fact]
    public void Models_share_caller_and_input_keys_and_have_answer_keys_of_their_own()
    {
        ShieldKeys one = Derive("one");
        ShieldKeys other = Derive("other");
        Assert.Equal(one.Caller.First, other.Caller.First);
        Assert.Equal(one.Digester.Digest("row"u8), other.Digester.Digest("row"u8));
        Assert.NotEqual(Stream(one.Noise), Stream(other.Noise));
        Assert.NotEqual(Cell(one.Noise), Cell(other.Noise));
        Assert.NotEqual(one.Answers.First, other.Answers.First);
    }

    [Fact]
    public void Clear_zeroes_every_key()
    {
        ShieldKeys keys = Derive("model");
        keys.Clear();
        Assert.Equal((0UL, 0UL), (keys.Caller.First, keys.Caller.Second));
        Assert.Equal(SipHash.Hash(default, 1, 2, (ulong)NoiseCell.Input), Cell(keys.Noise));
        uint[] words = new uint[4];
        default(CounterRandom).Fill(default, 0, words);
        Assert.Equal(words, Stream(keys.Noise));
        Assert.Equal((0UL, 0UL), (keys.Answers.First, keys.Answers.Second));
        Assert.Equal(new InputDigester(0).Digest("row"u8), keys.Digester.Digest("row"u8));
    }

    /// <summary>The secret is the epoch: nothing of one's noise is in another's, and the name it is known by changes nothing.</summary>
    [Fact]
    public void Another_secret_model_or_purpose_has_unrelated_noise()
    {
        using ShieldSecret secret = new(s_material, "2026-01");
        using ShieldSecret renamed = new(s_material, "2026-02");
        using ShieldSecret rotated = new(TestShield.Secret(10), "2026-01");
        double[] noise = Noise(new ShieldKeys(secret, "fashion").Noise);
        Assert.Equal(noise, Noise(new ShieldKeys(renamed, "fashion").Noise));
        NoiseKey otherPurpose = new(ShieldSecretTests.Hkdf(s_material, "answers/fashion", NoiseKey.Size));
        foreach (NoiseKey other in (NoiseKey[])[new ShieldKeys(rotated, "fashion").Noise, new ShieldKeys(secret, "fashion2").Noise, otherPurpose])
        {
            // Of 4096 unrelated samples the correlation has a standard deviation of 1/64.
            double[] samples = Noise(other);
            double correlation = noise.Zip(samples, (a, b) => a * b).Sum() / noise.Sum(value => value * value);
            Assert.InRange(correlation, -5.0 / 64, 5.0 / 64);
        }

        static double[] Noise(NoiseKey key)
        {
            double[] samples = new double[4096];
            NoiseSamples.Fill<UniformSampler>(in key.Random, key.HashInput(NoiseCell.Input, default), samples);
            return samples;
        }
    }

    private static Hash128 Cell(NoiseKey key) => key.HashInput(NoiseCell.Input, new Hash128(1, 2));

    private static uint[] Stream(NoiseKey key)
    {
        uint[] words = new uint[4];
        key.Random.Fill(default, 0, words);
        return words;
    }

    private static ShieldKeys Derive(string model)
    {
        using ShieldSecret secret = new(s_material);
        return new ShieldKeys(secret, model);
    }
}
