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
        AssertKey("noise/fashion", keys.Noise);
        AssertKey("answers/fashion", keys.Answers);
        long seed = BinaryPrimitives.ReadInt64LittleEndian(ShieldSecretTests.Hkdf(s_material, "input", 16));
        Assert.Equal(new InputDigester(seed).Digest("row"u8), keys.Digester.Digest("row"u8));

        static void AssertKey(string purpose, SipHashKey key)
        {
            SipHashKey expected = new(ShieldSecretTests.Hkdf(s_material, purpose, 16));
            Assert.Equal((expected.First, expected.Second), (key.First, key.Second));
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
        Assert.NotEqual(one.Noise.First, other.Noise.First);
        Assert.NotEqual(one.Answers.First, other.Answers.First);
        Assert.NotEqual(one.Caller.First, one.Noise.First);
    }

    [Fact]
    public void Clear_zeroes_every_key()
    {
        ShieldKeys keys = Derive("model");
        keys.Clear();
        Assert.Equal((0UL, 0UL, 0UL, 0UL), (keys.Caller.First, keys.Caller.Second, keys.Noise.First, keys.Noise.Second));
        Assert.Equal((0UL, 0UL), (keys.Answers.First, keys.Answers.Second));
        Assert.Equal(new InputDigester(0).Digest("row"u8), keys.Digester.Digest("row"u8));
    }

    private static ShieldKeys Derive(string model)
    {
        using ShieldSecret secret = new(s_material);
        return new ShieldKeys(secret, model);
    }
}
