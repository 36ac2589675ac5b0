using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>The secret that sketches hash with: what keeps whoever chooses the items from choosing the hashes.</summary>
/// <remarks>
/// <para>Why: with a public hash, items that raise no register hide any number of distinct queries (Paterson and
/// Raynal, "HyperLogLog: Exponentially Bad in Adversarial Settings", 2021), as many items as there are registers feign
/// any number (Reviriego, Adell and Ting, "HyperLogLog (HLL) Security: Inflating Cardinality Estimates", 2020), and
/// items that share a victim's counters make his count wrong. Under a key nobody knows, none of that can be aimed.</para>
/// <para>What it needs: estimates must not be shown to whoever chooses the items. Count-Min and Space-Saving can be
/// worn down by someone who sees them, key or no key (Markelon, Filic and Shrimpton, CCS 2023).</para>
/// <para>The hash is LightMAC over AES-128 (FSE 2016; ISO/IEC 29192-6), a pseudorandom function if AES is one: a number,
/// or up to 12 bytes, is a single AES block, and longer inputs are one block per 12 bytes, side by side. Sketches can be
/// merged, and a state restored, only under the same key.</para>
/// <para>Thread-safe. Hashing allocates nothing. Cost: 12 ns for a number or up to 12
/// bytes, 2 to 3 ns when nothing waits for the hash, and 2.5 ns per further 12 bytes. For longer inputs that have a
/// keyed digest already, use the sketches' AddHash.</para>
/// </remarks>
public sealed class SketchKey
{
    /// <summary>The least length of a key in bytes.</summary>
    public const int MinimumLength = 16;

    // A field in this object and no separate one: its round keys are one pointer away from a sketch.
    private LightMac _hash;

    /// <summary>Makes a key from random bytes; HKDF-SHA256 (RFC 5869) derives what is used from them.</summary>
    /// <param name="key">At least <see cref="MinimumLength"/> random bytes. Not kept.</param>
    /// <exception cref="ArgumentException">Too short, or one byte repeated.</exception>
    public SketchKey(ReadOnlySpan<byte> key)
    {
        if (key.Length < MinimumLength)
        {
            throw new ArgumentException($"The sketch key has {key.Length} bytes; it needs at least {MinimumLength} random ones.", nameof(key));
        }

        if (!key.ContainsAnyExcept(key[0]))
        {
            throw new ArgumentException("The sketch key is one byte repeated, a placeholder. Use random bytes.", nameof(key));
        }

        Span<byte> derived = stackalloc byte[LightMac.KeySize + sizeof(ulong)];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, key, derived, salt: [], "InferenceShield/1/sketch"u8);
        _hash = new LightMac(derived[..LightMac.KeySize]);
        Fingerprint = BinaryPrimitives.ReadUInt64LittleEndian(derived[LightMac.KeySize..]);
        CryptographicOperations.ZeroMemory(derived);
    }

    /// <summary>Tells states of one key from those of another. Says nothing about the key.</summary>
    internal ulong Fingerprint { get; }

    /// <summary>A key from the operating system's random source, for sketches that do not outlive the process.</summary>
    public static SketchKey CreateRandom()
    {
        Span<byte> key = stackalloc byte[MinimumLength];
        RandomNumberGenerator.Fill(key);
        SketchKey created = new(key);
        CryptographicOperations.ZeroMemory(key);
        return created;
    }

    /// <summary>The key for one purpose under a shield's secret; the same on every replica.</summary>
    internal static SketchKey Derive(ShieldSecret secret, string purpose)
    {
        Span<byte> key = stackalloc byte[2 * MinimumLength];
        secret.DeriveKey("sketch/" + purpose, key);
        SketchKey derived = new(key);
        CryptographicOperations.ZeroMemory(key);
        return derived;
    }

    /// <summary>The keyed hash of a number: the same as that of its 8 little-endian bytes.</summary>
    /// <param name="item">Any number, for example an identifier.</param>
    /// <returns>64 bits that nobody without the key can tell from random ones; fit for every sketch's AddHash.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong Hash(ulong item) => _hash.Hash(item);

    /// <summary>The keyed hash of any bytes.</summary>
    /// <param name="item">The bytes; may be empty.</param>
    /// <returns>64 bits that nobody without the key can tell from random ones; fit for every sketch's AddHash.</returns>
    public ulong Hash(ReadOnlySpan<byte> item) => _hash.Hash(item);

    /// <summary>Zeroes the key, when its owner is disposed: hashes are then known to everyone.</summary>
    internal void Clear() => _hash = default;

    /// <summary>Says nothing about the key.</summary>
    public override string ToString() => "SketchKey";
}
