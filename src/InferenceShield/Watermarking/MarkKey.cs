using System.Security.Cryptography;
using System.Text;
using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>The key of one model's marks: what places them, and what proves them.</summary>
/// <remarks>Derived of a shield's secret for marks alone, so that it can be shown to a court or an expert without the secret: nothing else
/// of the shield follows from it. Who holds it can read and forge the marks. Immutable and thread-safe until disposed.</remarks>
public sealed class MarkKey : IDisposable
{
    /// <summary>The bytes of a key.</summary>
    public const int Size = 32;

    // Pinned, so that the collector leaves no copies behind that Dispose could not clear.
    private readonly byte[] _key = GC.AllocateUninitializedArray<byte>(Size, pinned: true);

    private MarkKey(string keyId, string model)
    {
        KeyId = keyId;
        Model = model;
    }

    /// <summary>The id of the secret it was derived of.</summary>
    public string KeyId { get; }

    /// <summary>The model whose answers it marks.</summary>
    public string Model { get; }

    /// <summary>Bits of the near-tie mark.</summary>
    internal SipHashKey NearTies { get; private set; }

    /// <summary>Bits of the permutation mark.</summary>
    internal SipHashKey Permutations { get; private set; }

    /// <summary>Which inputs are triggers, and their labels.</summary>
    internal SipHashKey Triggers { get; private set; }

    /// <summary>The labels of traps.</summary>
    internal SipHashKey Traps { get; private set; }

    /// <summary>Digests of inputs.</summary>
    internal SipHashKey Inputs { get; private set; }

    /// <summary>Derives the key of a model's marks.</summary>
    /// <param name="secret">The shield's; it may be disposed of afterwards.</param>
    /// <param name="model">The model's name, as the shield has it.</param>
    public static MarkKey Of(ShieldSecret secret, string model)
    {
        ArgumentNullException.ThrowIfNull(secret);
        ArgumentException.ThrowIfNullOrEmpty(model);
        MarkKey key = new(secret.KeyId, model);
        secret.DeriveKey("marks/" + model, key._key);
        key.Prepare();
        return key;
    }

    /// <summary>A key that was exported with <see cref="Export"/>.</summary>
    /// <param name="bytes"><see cref="Size"/> bytes.</param>
    /// <param name="keyId">The id of the secret.</param>
    /// <param name="model">The model's name.</param>
    /// <exception cref="ArgumentException">Another number of bytes.</exception>
    public static MarkKey Import(ReadOnlySpan<byte> bytes, string keyId, string model)
    {
        ArgumentException.ThrowIfNullOrEmpty(keyId);
        ArgumentException.ThrowIfNullOrEmpty(model);
        if (bytes.Length != Size)
        {
            throw new ArgumentException($"A mark key has {Size} bytes, not {bytes.Length}.", nameof(bytes));
        }

        MarkKey key = new(keyId, model);
        bytes.CopyTo(key._key);
        key.Prepare();
        return key;
    }

    /// <summary>Copies the key, for who is to check marks without the secret.</summary>
    /// <param name="bytes"><see cref="Size"/> bytes.</param>
    public void Export(Span<byte> bytes) => _key.CopyTo(bytes);

    /// <summary>Fills bytes that only this key and purpose give: HKDF-SHA256 (RFC 5869).</summary>
    internal void Derive(string purpose, Span<byte> bytes) =>
        HKDF.Expand(HashAlgorithmName.SHA256, _key, bytes, Encoding.UTF8.GetBytes("InferenceShield/marks/" + purpose));

    /// <summary>Zeroes the key.</summary>
    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(_key);
        NearTies = Permutations = Triggers = Traps = Inputs = default;
    }

    /// <summary>The key id and the model only.</summary>
    public override string ToString() => $"MarkKey({KeyId}, {Model})";

    private void Prepare()
    {
        NearTies = Sub("near-tie");
        Permutations = Sub("permutation");
        Triggers = Sub("trigger");
        Traps = Sub("trap");
        Inputs = Sub("input");
    }

    private SipHashKey Sub(string purpose)
    {
        Span<byte> bytes = stackalloc byte[SipHashKey.Size];
        Derive(purpose, bytes);
        SipHashKey key = new(bytes);
        CryptographicOperations.ZeroMemory(bytes);
        return key;
    }
}
