using System.Security.Cryptography;

namespace InferenceShield;

/// <summary>A deployment's master secret: at least 256 bits, and the id it is known by.</summary>
/// <remarks>Never used itself: HKDF-SHA256 (RFC 5869) gives each purpose a key of its own. Zeroed on dispose, absent
/// from <see cref="ToString"/>. Not thread-safe.</remarks>
public sealed class ShieldSecret : IDisposable
{
    /// <summary>The least length in bytes.</summary>
    public const int MinimumLength = 32;

    private readonly byte[] _material;
    private bool _disposed;

    /// <summary>Copies the secret; the caller may clear its own copy afterwards.</summary>
    /// <param name="material">At least <see cref="MinimumLength"/> random bytes.</param>
    /// <param name="keyId">The id that evidence and logs name it by; by default eight hexadecimal digits derived from it.</param>
    /// <exception cref="ShieldSecretException">Too short, or one byte repeated.</exception>
    public ShieldSecret(ReadOnlySpan<byte> material, string? keyId = null)
    {
        if (material.Length < MinimumLength)
        {
            throw new ShieldSecretException(
                $"The shield secret has {material.Length} bytes; it needs at least {MinimumLength} random ones. Make one with: openssl rand -base64 32");
        }

        if (!material.ContainsAnyExcept(material[0]))
        {
            throw new ShieldSecretException(
                "The shield secret is one byte repeated, a placeholder. Make a random one with: openssl rand -base64 32");
        }

        // Pinned, so that the collector leaves no copies behind that Dispose could not clear.
        _material = GC.AllocateUninitializedArray<byte>(material.Length, pinned: true);
        material.CopyTo(_material);
        KeyId = keyId ?? DeriveKeyId();
    }

    /// <summary>The id that evidence and logs name this secret by. Says nothing about it.</summary>
    public string KeyId { get; }

    /// <summary>Fills <paramref name="key"/> with the subkey for one purpose.</summary>
    internal void DeriveKey(string purpose, Span<byte> key)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        byte[] info = System.Text.Encoding.UTF8.GetBytes("InferenceShield/1/" + purpose);
        HKDF.DeriveKey(HashAlgorithmName.SHA256, _material, key, salt: [], info);
    }

    /// <summary>Zeroes the secret.</summary>
    public void Dispose()
    {
        _disposed = true;
        CryptographicOperations.ZeroMemory(_material);
    }

    /// <summary>The key id only.</summary>
    public override string ToString() => $"ShieldSecret({KeyId})";

    private string DeriveKeyId()
    {
        Span<byte> id = stackalloc byte[4];
        DeriveKey("key-id", id);
        return Convert.ToHexStringLower(id);
    }
}
