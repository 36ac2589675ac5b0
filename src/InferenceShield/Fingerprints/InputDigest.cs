using System.Globalization;

namespace InferenceShield;

/// <summary>A 128-bit digest of one input row, seeded with the shield's secret.</summary>
/// <remarks>XxHash128 with a secret seed: fast, and good enough to see that the same input came again. It is not a MAC
/// and no substitute for one: whoever could watch digests might find collisions, so a shield never shows one to a caller.
/// A digest decides only what counts as a repeat; callers are keyed by SipHash-1-3, answers by SipHash-2-4 and AES, their keys by HKDF-SHA256.
/// For float inputs use <see cref="Shield.DescribeInput"/>: -0 and 0 are then one number, and so is every NaN.</remarks>
/// <param name="Low">The first 64 bits.</param>
/// <param name="High">The last 64 bits.</param>
public readonly record struct InputDigest(ulong Low, ulong High)
{
    /// <summary>Eight hexadecimal digits, for logs.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"input:{(uint)(Low >> 32):x8}");
}
