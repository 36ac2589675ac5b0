using System.Reflection;
using System.Security.Cryptography;
using System.Text;

namespace InferenceShield.Tests;

public sealed class ShieldSecretTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(31)]
    public void Less_than_256_bits_is_refused(int length)
    {
        string message = Assert.Throws<ShieldSecretException>(() => new ShieldSecret(TestShield.Secret(1).AsSpan(0, length))).Message;
        Assert.Equal($"The shield secret has {length} bytes; it needs at least 32 random ones. Make one with: openssl rand -base64 32", message);
    }

    [Theory]
    [InlineData(0)]
    [InlineData((byte)'x')]
    public void One_byte_repeated_is_refused_as_a_placeholder(byte value)
    {
        byte[] material = new byte[40];
        Array.Fill(material, value);
        Assert.Contains("placeholder", Assert.Throws<ShieldSecretException>(() => new ShieldSecret(material)).Message, StringComparison.Ordinal);
        material[^1] ^= 1;
        using ShieldSecret secret = new(material);
    }

    [Fact]
    public void Subkeys_are_those_of_HKDF_SHA256()
    {
        byte[] material = TestShield.Secret(3);
        using ShieldSecret secret = new(material);
        foreach (string purpose in new[] { "caller", "input", "noise/model", "key-id" })
        {
            byte[] key = new byte[16];
            secret.DeriveKey(purpose, key);
            Assert.Equal(Hkdf(material, purpose, 16), key);
        }

        Assert.Equal(Convert.ToHexStringLower(Hkdf(material, "key-id", 4)), secret.KeyId);
    }

    /// <summary>So that a change of a purpose or of the derivation, which would change every answer in the field, is seen.</summary>
    [Fact]
    public void Subkeys_never_change_between_releases()
    {
        using ShieldSecret secret = new(Convert.FromHexString("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"));
        byte[] key = new byte[16];
        secret.DeriveKey("caller", key);
        Assert.Equal("d98099b0c40b9d6c7d9d97586c3995cd", Convert.ToHexStringLower(key));
        Assert.Equal("73074cd8", secret.KeyId);
    }

    [Fact]
    public void The_key_id_can_be_given()
    {
        using ShieldSecret secret = new(TestShield.Secret(1), "2026-q3");
        Assert.Equal("2026-q3", secret.KeyId);
        Assert.Equal("ShieldSecret(2026-q3)", secret.ToString());
    }

    [Fact]
    public void ToString_says_the_key_id_only()
    {
        byte[] material = TestShield.Secret(1);
        using ShieldSecret secret = new(material);
        Assert.Matches("^ShieldSecret\\([0-9a-f]{8}\\)$", secret.ToString());
        Assert.DoesNotContain(secret.KeyId, Convert.ToHexStringLower(material), StringComparison.Ordinal);
    }

    [Fact]
    public void Is_a_copy_that_dispose_zeroes()
    {
        byte[] material = TestShield.Secret(1);
        ShieldSecret secret = new(material);
        string id = secret.KeyId;
        FieldInfo field = typeof(ShieldSecret).GetField("_material", BindingFlags.Instance | BindingFlags.NonPublic)!;
        byte[] kept = (byte[])field.GetValue(secret)!;
        Assert.Equal(material, kept);
        Assert.NotSame(material, kept);
        secret.Dispose();
        Assert.All(kept, value => Assert.Equal(0, value));
        Assert.Equal(TestShield.Secret(1), material);
        Assert.Equal(id, secret.KeyId);
        Assert.Throws<ObjectDisposedException>(() => secret.DeriveKey("caller", new byte[16]));
    }

    /// <summary>RFC 5869 by hand: extract with an empty salt, expand one block.</summary>
    internal static byte[] Hkdf(byte[] material, string purpose, int length)
    {
        byte[] pseudoRandomKey = HMACSHA256.HashData(new byte[32], material);
        byte[] firstBlock = [.. Encoding.UTF8.GetBytes("InferenceShield/1/" + purpose), 1];
        return HMACSHA256.HashData(pseudoRandomKey, firstBlock)[..length];
    }
}
