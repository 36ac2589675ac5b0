#pragma warning disable RS0030 // Vector loads and stores over spans whose length is a multiple of the lanes.
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace InferenceShield.Numerics;

/// <summary>The passes of <see cref="GridSplit"/> over floats, which tell whether doubles could have decided otherwise.</summary>
/// <remarks>
/// <para>A share is a weight of <see cref="FusedNoise.Exponentiate"/> times one factor, in grid steps. In units of 2^-24 it is off by no
/// more than 87 (the rounded difference of two logits, whatever is further apart is not looked at), 14 (that of the sum: the mean
/// difference, at most ln n), 40 (sums of 32 lanes) and 8 (polynomial and products), relative to itself: less than
/// <see cref="Error"/>. The remainder above whole steps is exact, hence off by as much. What is further than that from a whole step
/// and from the bound of the missing steps falls on the same side of it in doubles.</para>
/// <para>Where fused products are instructions; elsewhere rows go through the doubles, to the same answer.</para>
/// </remarks>
internal static class FloatSplit
{
    /// <summary>Rows are padded with zeros to a multiple of it.</summary>
    public const int Lanes = 16;

    /// <summary>The largest key: remainders are below 1.</summary>
    public const int LargestKey = 0x3F800000 - 1;

    /// <summary>Keys in an octave.</summary>
    public const int Octave = 1 << 23;

    /// <summary>Twice what a share may be off by, in parts of itself.</summary>
    public const float Error = 1f / 65_536;

    /// <summary>Of the sum of <see cref="FusedNoise.Exponentiate"/> at a temperature of 1: four times what it may be off by.</summary>
    public const double SumError = 1.0 / 65_536;

    /// <summary>Whether fused products are instructions.</summary>
    public static bool IsSupported => Vector256.IsHardwareAccelerated;

    /// <summary>Counts whole grid steps and keeps the keys of what remains: its bits, which order as remainders do.</summary>
    /// <param name="weights">Not negative; a multiple of <see cref="Lanes"/>.</param>
    /// <param name="scale">Makes them shares in grid steps.</param>
    /// <param name="keys">As long.</param>
    /// <returns>The sum of the steps, at most 2^20.</returns>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static int Split(ReadOnlySpan<float> weights, float scale, Span<int> keys)
    {
        keys = keys[..weights.Length];
        ref float weight = ref MemoryMarshal.GetReference(weights);
        ref int key = ref MemoryMarshal.GetReference(keys);
        Vector512<float> sums = Vector512<float>.Zero;
        for (int i = 0; i + Lanes <= weights.Length; i += Lanes)
        {
            Vector512<float> shares = Vector512.LoadUnsafe(ref weight, (nuint)(uint)i) * scale;
            Vector512<float> steps = Vector512.Floor(shares);
            sums += steps;
            (shares - steps).AsInt32().StoreUnsafe(ref key, (nuint)(uint)i);
        }

        return (int)Vector512.Sum(sums); // whole numbers: any order
    }

    /// <summary>Rounds every share down, or up where its key is above a bound, if doubles are sure to do the same and one class leads.</summary>
    /// <param name="weights">As for <see cref="Split"/>. Overwritten by the answer, on the grid; of no use if the answer is false.</param>
    /// <param name="scale">Likewise.</param>
    /// <param name="bound">A key.</param>
    /// <param name="top">The class that has to lead.</param>
    /// <param name="gridStep">1 by 10, 100 or 1,000.</param>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static bool TryFinish(Span<float> weights, float scale, int bound, int top, double gridStep)
    {
        float threshold = BitConverter.Int32BitsToSingle(bound);
        float share = weights[top] * scale;
        float leader = MathF.Floor(share) + (share - MathF.Floor(share) > threshold ? 1 : 0);
        ref float weight = ref MemoryMarshal.GetReference(weights);
        Vector512<float> bounds = Vector512.Create(threshold);
        Vector512<float> leaders = Vector512.Create(Math.Max(1, leader));
        Vector512<float> high = Vector512.Create((float)gridStep);
        Vector512<float> low = Vector512.Create((float)(gridStep - (float)gridStep));
        Vector512<float> doubts = Vector512<float>.Zero;
        int level = 0;
        for (int i = 0; i + Lanes <= weights.Length; i += Lanes)
        {
            Vector512<float> shares = Vector512.LoadUnsafe(ref weight, (nuint)(uint)i) * scale;
            Vector512<float> steps = Vector512.Floor(shares);
            Vector512<float> rest = shares - steps;
            Vector512<float> error = shares * Error;
            Vector512<float> nearest = Vector512.MinNative(Vector512.MinNative(rest, Vector512<float>.One - rest), Vector512.Abs(rest - bounds));
            doubts |= Vector512.LessThan(nearest, error);
            steps += Vector512.GreaterThan(rest, bounds) & Vector512<float>.One;
            level += BitOperations.PopCount(Vector512.GreaterThanOrEqual(steps, leaders).ExtractMostSignificantBits());
            Vector512.FusedMultiplyAdd(steps, high, steps * low).StoreUnsafe(ref weight, (nuint)(uint)i);
        }

        return level == 1 && leader >= 1 && Vector512.EqualsAll(doubts.AsInt32(), Vector512<int>.Zero);
    }
}
