using System.Buffers.Binary;
using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>Noise on a distribution that is a function of secret and output cell, never a draw.</summary>
/// <remarks>
/// The cell is the label and the clean probabilities to one decimal, so near-repeats of a query get the same noise too;
/// the noise does not know the caller, so several accounts cannot average it. Uniform noise is centred, scaled to the
/// L1 budget, added, clipped at 0, and the leading class kept in front; should renormalising have spent more than the
/// budget, the answer is pulled back towards the clean one. Both are distributions with the same leading class, and so
/// is everything between them.
/// </remarks>
internal static class KeyedNoise
{
    /// <summary>A cell never has more entries: each one holds at least .05 of the mass.</summary>
    private const int MostEntries = 20;

    public static void Apply(Span<double> distribution, int top, double budget, SipHashKey key, Span<double> noise)
    {
        Hash128 cell = HashCell(distribution, top, key);
        Fill(noise, cell, key, budget);

        // No class may pass the leading one, and the leading one keeps some mass for the rest to be measured by.
        double cap = Math.Max(distribution[top] + noise[top], 1.0 / noise.Length);
        double sum = 0;
        for (int i = 0; i < noise.Length; i++)
        {
            noise[i] = i == top ? cap : Math.Clamp(distribution[i] + noise[i], 0, cap);
            sum += noise[i];
        }

        double distance = 0;
        for (int i = 0; i < noise.Length; i++)
        {
            noise[i] /= sum;
            distance += Math.Abs(noise[i] - distribution[i]);
        }

        double share = distance > budget ? budget / distance : 1;
        for (int i = 0; i < noise.Length; i++)
        {
            distribution[i] += share * (noise[i] - distribution[i]);
        }
    }

    private static Hash128 HashCell(ReadOnlySpan<double> distribution, int top, SipHashKey key)
    {
        Span<byte> cell = stackalloc byte[sizeof(int) + MostEntries * 2 * sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(cell, top);
        int length = sizeof(int);
        for (int i = 0; i < distribution.Length && length < cell.Length; i++)
        {
            if (distribution[i] >= 0.05)
            {
                BinaryPrimitives.WriteInt32LittleEndian(cell[length..], i);
                BinaryPrimitives.WriteInt32LittleEndian(cell[(length + sizeof(int))..], (int)Math.Round(distribution[i] * 10));
                length += 2 * sizeof(int);
            }
        }

        return SipHash.Hash(key, cell[..length]);
    }

    /// <summary>Uniform in -1..1 from the PRF, centred, scaled to an L1 norm of <paramref name="budget"/>.</summary>
    private static void Fill(Span<double> noise, Hash128 cell, SipHashKey key, double budget)
    {
        double mean = 0;
        for (int i = 0; i < noise.Length; i += 2)
        {
            Hash128 bits = SipHash.Hash(key, cell.Low, cell.High, (ulong)i);
            noise[i] = ToUniform(bits.Low);
            mean += noise[i];
            if (i + 1 < noise.Length)
            {
                noise[i + 1] = ToUniform(bits.High);
                mean += noise[i + 1];
            }
        }

        mean /= noise.Length;
        double norm = 0;
        for (int i = 0; i < noise.Length; i++)
        {
            noise[i] -= mean;
            norm += Math.Abs(noise[i]);
        }

        double scale = norm > 0 ? budget / norm : 0;
        for (int i = 0; i < noise.Length; i++)
        {
            noise[i] *= scale;
        }
    }

    private static double ToUniform(ulong bits) => (bits >> 11) * (2.0 / (1UL << 53)) - 1;
}
