using System.Security.Cryptography;

namespace InferenceShield;

/// <summary>What detection derives of a shield's secret: projections that nobody outside can know, pseudonyms, the key of its files.</summary>
internal sealed class DetectionKey : IDisposable
{
    // Pinned, so that the collector leaves no copies behind that Dispose could not clear.
    private readonly byte[] _key = GC.AllocateUninitializedArray<byte>(32, pinned: true);

    private DetectionKey(ShieldSecret secret, string model)
    {
        KeyId = secret.KeyId;
        Model = model;
        secret.DeriveKey("detection/" + model, _key);
    }

    public string KeyId { get; }

    public string Model { get; }

    public static DetectionKey Of(ShieldSecret secret, string model) => new(secret, model);

    /// <summary>Fills bytes that only this key, model and purpose give.</summary>
    public void Derive(string purpose, Span<byte> bytes) =>
        HKDF.Expand(HashAlgorithmName.SHA256, _key, bytes, System.Text.Encoding.UTF8.GetBytes("InferenceShield/detection/" + purpose));

    public void Dispose() => CryptographicOperations.ZeroMemory(_key);
}
