using System.IO.Hashing;
using System.Numerics;
using System.Security.Cryptography;
using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>Digests input rows under one secret seed.</summary>
/// <remarks>
/// <para>XxHash128, because a digest is taken of every query and must cost less than the copy of it. System.IO.Hashing lets
/// it have a 64-bit seed; the variants with a secret of 136 bytes or more are not exposed. A seed is no key: nobody claims that
/// collisions stay hard to find for someone who sees digests, and 64 bits are few. Neither matters here: nobody is shown
/// a digest, and a collision between a caller's own queries makes the second count as a repeat of the first, which is
/// all that a digest decides.</para>
/// <para>Where an answer, an identity or a table slot hangs on a hash of what a caller chose, a real PRF is used:
/// SipHash-1-3 for caller keys, SipHash-2-4 for the cells of answer noise and the seeds of <see cref="InputSchema"/>, HKDF-SHA256 for subkeys.</para>
/// </remarks>
internal readonly struct InputDigester(long seed)
{
    /// <summary>One thread's copy, grown to the longest row that needed one.</summary>
    [ThreadStatic]
    private static byte[]? s_copy;

    public InputDigest Digest(ReadOnlySpan<byte> row) => ToDigest(XxHash128.HashToUInt128(row, seed));

    /// <summary>The digest of a row that has several inputs: each one is hashed under the digest of those before it.</summary>
    public InputDigest Append(InputDigest digest, ReadOnlySpan<byte> row) =>
        Chain(digest, XxHash128.HashToUInt128(row, seed ^ (long)digest.Low));

    /// <summary>The digest of a row of a described input: the same for rows whose elements are the same numbers.</summary>
    public InputDigest Digest(InputSchema schema, ReadOnlySpan<byte> row) =>
        ToDigest(HashCanonical(schema.Element, row, seed ^ schema.Seed));

    /// <summary>The same for a row that has several inputs.</summary>
    public InputDigest Append(InputDigest digest, InputSchema schema, ReadOnlySpan<byte> row) =>
        Chain(digest, HashCanonical(schema.Element, row, seed ^ schema.Seed ^ (long)digest.Low));

    private static InputDigest ToDigest(UInt128 hash) => new((ulong)hash, (ulong)(hash >> 64));

    private static InputDigest Chain(InputDigest before, UInt128 hash) => new((ulong)hash, (ulong)(hash >> 64) ^ before.High);

    private static UInt128 HashCanonical(InputElement element, ReadOnlySpan<byte> row, long seed) => element switch
    {
        InputElement.FloatingPoint32 => HashCanonical(row, 0x7F80_0000u, seed),
        InputElement.FloatingPoint64 => HashCanonical(row, 0x7FF0_0000_0000_0000ul, seed),
        InputElement.FloatingPoint16 => HashCanonical<ushort>(row, 0x7C00, seed),
        InputElement.BFloat16 => HashCanonical<ushort>(row, 0x7F80, seed),
        _ => XxHash128.HashToUInt128(row, seed),
    };

    private static UInt128 HashCanonical<T>(ReadOnlySpan<byte> row, T infinity, long seed)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>, IMinMaxValue<T> =>
        FloatCanonical.IsCanonical(FloatCanonical.Bits<T>(row), infinity)
            ? XxHash128.HashToUInt128(row, seed)
            : HashCopyRare(row, infinity, seed);

    /// <summary>Only rows that hold -0 or NaN are copied.</summary>
    private static UInt128 HashCopyRare<T>(ReadOnlySpan<byte> row, T infinity, long seed)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>, IMinMaxValue<T>
    {
        if (s_copy is null || s_copy.Length < row.Length)
        {
            s_copy = new byte[BitOperations.RoundUpToPowerOf2((uint)Math.Max(row.Length, 1024))];
        }

        Span<byte> copy = s_copy.AsSpan(0, row.Length);
        row.CopyTo(copy); // and with it the bytes behind the last whole element
        FloatCanonical.Write(FloatCanonical.Bits<T>(row), infinity, FloatCanonical.Bits<T>(copy));
        UInt128 hash = XxHash128.HashToUInt128(copy, seed);
        CryptographicOperations.ZeroMemory(copy); // raw inputs are not left lying about
        return hash;
    }
}
