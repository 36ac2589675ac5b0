using System.IO.Hashing;

namespace InferenceShield;

/// <summary>Digests input rows under one secret seed.</summary>
internal readonly struct InputDigester(long seed)
{
    public InputDigest Digest(ReadOnlySpan<byte> row) => ToDigest(XxHash128.HashToUInt128(row, seed));

    /// <summary>The digest of a row that has several inputs: each one is hashed under the digest of those before it.</summary>
    public InputDigest Append(InputDigest digest, ReadOnlySpan<byte> row)
    {
        InputDigest own = ToDigest(XxHash128.HashToUInt128(row, seed ^ (long)digest.Low));
        return new InputDigest(own.Low, own.High ^ digest.High);
    }

    private static InputDigest ToDigest(UInt128 hash) => new((ulong)hash, (ulong)(hash >> 64));
}
