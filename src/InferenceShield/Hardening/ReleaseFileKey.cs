using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace InferenceShield;

/// <summary>The key under which files with a learned release are authenticated, derived of a shield's secret.</summary>
internal sealed class ReleaseFileKey : IDisposable
{
    private const string Purpose = "release-file";

    // Pinned, so that the collector leaves no copies behind that Dispose could not clear.
    private readonly byte[] _key = GC.AllocateUninitializedArray<byte>(32, pinned: true);

    private ReleaseFileKey(ShieldSecret secret)
    {
        KeyId = secret.KeyId;
        secret.DeriveKey(Purpose, _key);
    }

    /// <summary>The secret's.</summary>
    public string KeyId { get; }

    [return: NotNullIfNotNull(nameof(secret))]
    public static ReleaseFileKey? Of(ShieldSecret? secret) => secret is null ? null : new ReleaseFileKey(secret);

    public void Authenticate(ReadOnlySpan<byte> content, Span<byte> code) => HMACSHA256.HashData(_key, content, code);

    public void Dispose() => CryptographicOperations.ZeroMemory(_key);
}
