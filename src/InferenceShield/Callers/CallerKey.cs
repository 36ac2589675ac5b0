using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>Who asks: a 128-bit keyed hash of the name that identifies a caller.</summary>
/// <remarks>
/// Made by <see cref="Shield.IdentifyCaller(string)"/>. The name itself (an API key, a subject, an address) is never
/// stored and cannot be recovered without the shield's secret; two callers with the same name have the same key.
/// Resolve it once per connection or principal and reuse it: it is a value, thread-safe, and free to copy.
/// The hash is SipHash-1-3 with 128-bit output (Aumasson and Bernstein, 2012; with fewer rounds, as hash tables use it), so
/// nobody who lacks the secret can choose names that collide.
/// </remarks>
public readonly struct CallerKey : IEquatable<CallerKey>
{
    internal CallerKey(ulong low, ulong high)
    {
        // 0 and 1 mark slots of the caller table that are nobody's, so no key holds them.
        Low = low <= 1 ? low + 2 : low;
        High = high == 0 ? 1 : high;
    }

    /// <summary>What a shield under a secret makes of a name: for tools that have no shield.</summary>
    internal static CallerKey Of(string name, ShieldSecret secret)
    {
        Span<byte> key = stackalloc byte[SipHashKey.Size];
        secret.DeriveKey("caller", key);
        Hash128 hash = SipHash13.Hash(new SipHashKey(key), Encoding.UTF8.GetBytes(name));
        CryptographicOperations.ZeroMemory(key);
        return new CallerKey(hash.Low, hash.High);
    }

    internal ulong Low { get; }

    internal ulong High { get; }

    /// <summary>The digits of <see cref="ToString"/>: enough to tell callers apart where a mistake in four billion does no harm.</summary>
    internal uint Tag => (uint)(Low >> 32);

    /// <summary>True for <c>default</c>, which names nobody and is never admitted.</summary>
    public bool IsEmpty => Low == 0;

    /// <summary>Whether two keys name the same caller.</summary>
    public static bool operator ==(CallerKey left, CallerKey right) => left.Equals(right);

    /// <summary>Whether two keys name different callers.</summary>
    public static bool operator !=(CallerKey left, CallerKey right) => !left.Equals(right);

    /// <inheritdoc/>
    public bool Equals(CallerKey other) => Low == other.Low && High == other.High;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is CallerKey other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => Low.GetHashCode();

    /// <summary>A short pseudonym for logs: "caller:" and eight hexadecimal digits of the keyed hash, the same for the same secret.</summary>
    public override string ToString() =>
        IsEmpty ? "caller:none" : string.Create(CultureInfo.InvariantCulture, $"caller:{(uint)(Low >> 32):x8}");
}
