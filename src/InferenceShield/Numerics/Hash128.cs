namespace InferenceShield.Numerics;

/// <summary>128 bits of a hash, as two little-endian words.</summary>
internal readonly record struct Hash128(ulong Low, ulong High);
