using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>The embedding transforms of a shield's tenants, made when first needed and kept while there is room.</summary>
/// <remarks>Two generations: what the young one does not hold is taken over from the old one or made, and a full young one takes the
/// old one's place. So no number of tenants takes more than 77 MiB, and those in use stay. Thread-safe; a kept one is found
/// without a lock and without allocating.</remarks>
internal sealed class TenantTransforms
{
    /// <summary>Of all transforms of a generation together; 36 bytes for each at the most.</summary>
    private const int MostNumbers = 1 << 20;

    /// <summary>For what each takes whatever its dimension.</summary>
    private const int FixedNumbers = 32;

    private readonly byte[] _key = GC.AllocateUninitializedArray<byte>(32, pinned: true);
    private readonly Lock _lock = new();
    private volatile ConcurrentDictionary<(CallerKey Tenant, int Dimension), EmbeddingTransform> _young = new();
    private volatile ConcurrentDictionary<(CallerKey Tenant, int Dimension), EmbeddingTransform> _old = new();
    private long _numbers;

    /// <param name="secret">Read once.</param>
    /// <param name="model">Its name.</param>
    public TenantTransforms(ShieldSecret secret, string model) => secret.DeriveKey("embedding-transform/tenants/" + model, _key);

    /// <summary>The transforms kept, for tests.</summary>
    public int Count => _young.Count + _old.Count;

    /// <summary>The transform of a tenant: the same on every replica.</summary>
    /// <param name="tenant">Not empty.</param>
    /// <param name="dimension">2 to <see cref="EmbeddingTransform.MaximumDimension"/>.</param>
    public EmbeddingTransform Get(CallerKey tenant, int dimension) =>
        _young.TryGetValue((tenant, dimension), out EmbeddingTransform? kept) ? kept : Find(tenant, dimension);

    public void Clear()
    {
        lock (_lock)
        {
            CryptographicOperations.ZeroMemory(_key);
            _young = new();
            _old = new();
        }
    }

    private EmbeddingTransform Find(CallerKey tenant, int dimension)
    {
        // Made outside the lock: two threads may make the same one.
        EmbeddingTransform transform = _old.TryGetValue((tenant, dimension), out EmbeddingTransform? kept) ? kept : new EmbeddingTransform(DeriveKey(tenant), dimension);
        lock (_lock)
        {
            if (!_young.TryAdd((tenant, dimension), transform))
            {
                return transform;
            }

            _numbers += dimension + FixedNumbers;
            if (_numbers > MostNumbers)
            {
                _old = _young;
                _young = new();
                _numbers = 0;
            }
        }

        return transform;
    }

    private SipHashKey DeriveKey(CallerKey tenant)
    {
        Span<byte> info = stackalloc byte[2 * sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(info, tenant.Low);
        BinaryPrimitives.WriteUInt64LittleEndian(info[sizeof(ulong)..], tenant.High);
        Span<byte> key = stackalloc byte[SipHashKey.Size];
        HKDF.Expand(HashAlgorithmName.SHA256, _key, key, info);
        SipHashKey drawKey = new(key);
        CryptographicOperations.ZeroMemory(key);
        return drawKey;
    }
}
