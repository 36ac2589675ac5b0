#pragma warning disable RS0030 // Vector loads and stores over spans; lengths bound every one.
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace InferenceShield.Numerics;

/// <summary>Rounds of a tournament between two draws of a distribution: p (1 + g - sum of g p), for one bit g of each after another.</summary>
/// <remarks>Dathathri et al. (Nature 2024), two leaves. Sums in sixteen lanes, then a tree, nothing fused, so the bits are the same at every
/// vector width and without vectors.</remarks>
internal static class TournamentRounds
{
    /// <summary>Rows are a multiple of so many.</summary>
    public const int Lanes = 16;

    /// <summary>Plays all rounds.</summary>
    /// <param name="shares">Of sum 1; a multiple of <see cref="Lanes"/>, with zeros at the end.</param>
    /// <param name="draws">As many: bit l is of round l.</param>
    /// <param name="rounds">1 to 32.</param>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static void Play(Span<float> shares, ReadOnlySpan<uint> draws, int rounds)
    {
        if (!Vector128.IsHardwareAccelerated)
        {
            PlayScalar(shares, draws, rounds);
            return;
        }

        Debug.Assert(shares.Length % Lanes == 0 && draws.Length >= shares.Length, "Rows of other lengths.");
        ref float first = ref MemoryMarshal.GetReference(shares);
        ref uint bits = ref MemoryMarshal.GetReference(draws);
        Span<float> sums = stackalloc float[Lanes];
        Vector512<float> winning = Vector512<float>.Zero;
        nuint length = (nuint)(uint)shares.Length;
        for (nuint i = 0; i < length; i += Lanes)
        {
            winning += Vector512.LoadUnsafe(ref first, i) * (Vector512.LoadUnsafe(ref bits, i) & Vector512<uint>.One).AsInt32().ToSingle();
        }

        for (int round = 0; round < rounds; round++)
        {
            winning.CopyTo(sums);
            float mass = Fold(sums);
            Vector512<float> losers = Vector512.Create(1 - mass);
            winning = Vector512<float>.Zero;
            for (nuint i = 0; i < length; i += Lanes)
            {
                Vector512<uint> draw = Vector512.LoadUnsafe(ref bits, i) >> round;
                Vector512<float> share = Vector512.LoadUnsafe(ref first, i) * ((draw & Vector512<uint>.One).AsInt32().ToSingle() + losers);
                share.StoreUnsafe(ref first, i);
                winning += share * ((draw >> 1) & Vector512<uint>.One).AsInt32().ToSingle();
            }
        }
    }

    /// <summary>The portable twin of <see cref="Play"/>.</summary>
    public static void PlayScalar(Span<float> shares, ReadOnlySpan<uint> draws, int rounds)
    {
        Span<float> sums = stackalloc float[Lanes];
        for (int round = 0; round < rounds; round++)
        {
            sums.Clear();
            for (int i = 0; i < shares.Length; i++)
            {
                sums[i % Lanes] += shares[i] * (draws[i] >> round & 1);
            }

            float losers = 1 - Fold(sums);
            for (int i = 0; i < shares.Length; i++)
            {
                shares[i] *= (draws[i] >> round & 1) + losers;
            }
        }
    }

    /// <summary>Adds up the lanes; at most 1, whatever was rounded.</summary>
    private static float Fold(Span<float> sums)
    {
        for (int half = Lanes / 2; half > 0; half /= 2)
        {
            for (int lane = 0; lane < half; lane++)
            {
                sums[lane] += sums[lane + half];
            }
        }

        return MathF.Min(sums[0], 1);
    }

    private static Vector512<float> ToSingle(this Vector512<int> bit) => Vector512.ConvertToSingle(bit);
}
