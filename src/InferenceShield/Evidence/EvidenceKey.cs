using System.Security.Cryptography;
using System.Text;

namespace InferenceShield;

/// <summary>The key of one model's list of marked queries: encrypts it and shows that nothing of it was changed.</summary>
/// <remarks>Derived of a shield's secret for the list alone, so that it can be given to who is to read the list without the secret. Who holds it can
/// read the list, and forge one. Immutable and thread-safe until disposed.</remarks>
public sealed class EvidenceKey : IDisposable
{
    /// <summary>The bytes of a key.</summary>
    public const int Size = 32;

    // Pinned, so that the collector leaves no copies behind that Dispose could not clear.
    private readonly byte[] _key = GC.AllocateUninitializedArray<byte>(Size, pinned: true);
    private volatile bool _disposed;

    private EvidenceKey(string keyId, string model)
    {
        KeyId = keyId;
        Model = model;
    }

    /// <summary>The id of the secret it was derived of.</summary>
    public string KeyId { get; }

    /// <summary>The model whose queries are in the list.</summary>
    public string Model { get; }

    /// <summary>Derives the key of a model's list.</summary>
    /// <param name="secret">The shield's; it may be disposed of afterwards.</param>
    /// <param name="model">The model's name, as the shield has it.</param>
    public static EvidenceKey Of(ShieldSecret secret, string model)
    {
        ArgumentNullException.ThrowIfNull(secret);
        ArgumentException.ThrowIfNullOrEmpty(model);
        EvidenceKey key = new(secret.KeyId, model);
        secret.DeriveKey("evidence/" + model, key._key);
        return key;
    }

    /// <summary>A key that was exported with <see cref="Export"/>.</summary>
    /// <param name="bytes"><see cref="Size"/> bytes.</param>
    /// <param name="keyId">The id of the secret.</param>
    /// <param name="model">The model's name.</param>
    /// <exception cref="ArgumentException">Another number of bytes.</exception>
    public static EvidenceKey Import(ReadOnlySpan<byte> bytes, string keyId, string model)
    {
        ArgumentException.ThrowIfNullOrEmpty(keyId);
        ArgumentException.ThrowIfNullOrEmpty(model);
        if (bytes.Length != Size)
        {
            throw new ArgumentException($"An evidence key has {Size} bytes, not {bytes.Length}.", nameof(bytes));
        }

        EvidenceKey key = new(keyId, model);
        bytes.CopyTo(key._key);
        return key;
    }

    /// <summary>Copies the key, for who is to read the list without the secret.</summary>
    /// <param name="bytes"><see cref="Size"/> bytes.</param>
    public void Export(Span<byte> bytes)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        _key.CopyTo(bytes);
    }

    /// <summary>Fills bytes that only this key, purpose and salt give: HKDF-SHA256 (RFC 5869).</summary>
    internal void Derive(string purpose, ReadOnlySpan<byte> salt, Span<byte> bytes)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        HKDF.DeriveKey(HashAlgorithmName.SHA256, _key, bytes, salt, Encoding.UTF8.GetBytes("InferenceShield/evidence/" + purpose));
    }

    /// <summary>Zeroes the key.</summary>
    public void Dispose()
    {
        _disposed = true;
        CryptographicOperations.ZeroMemory(_key);
    }

    /// <summary>The key id and the model only.</summary>
    public override string ToString() => $"EvidenceKey({KeyId}, {Model})";
}
