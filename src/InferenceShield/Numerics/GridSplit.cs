#pragma warning disable RS0030 // Vector loads over spans; every entry point checks lengths first.
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace InferenceShield.Numerics;

/// <summary>The passes over a row that is rounded to a grid. Element by element or in whole numbers: the same bits at every
/// vector width.</summary>
/// <remarks>A share's remainder is what is left of it above whole grid steps: below 1; above 0 where the share is, even if it is
/// whole. Its key is the upper half of its bits, which order as remainders do.</remarks>
internal static class GridSplit
{
    private const int KeyShift = 32;

    /// <summary>What remains of a share above whole grid steps.</summary>
    public static double Remainder(double share, double units)
    {
        double exact = share * units;
        return exact > 0 ? (exact - Math.Floor(exact)) + double.Epsilon : 0;
    }

    /// <summary>Counts whole grid steps and keeps the keys of what remains.</summary>
    /// <param name="shares">Not negative.</param>
    /// <param name="units">Grid steps to a share of 1.</param>
    /// <param name="keys">As long.</param>
    /// <returns>The sum of the steps.</returns>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static double Split(ReadOnlySpan<double> shares, double units, Span<int> keys)
    {
        keys = keys[..shares.Length];
        ref double share = ref MemoryMarshal.GetReference(shares);
        ref int key = ref MemoryMarshal.GetReference(keys);
        int i = 0;
        double given = 0;
        if (Vector512.IsHardwareAccelerated)
        {
            Vector512<double> sums = Vector512<double>.Zero;
            for (; i + Vector512<double>.Count <= shares.Length; i += Vector512<double>.Count)
            {
                Vector512<double> exact = Vector512.LoadUnsafe(ref share, (nuint)(uint)i) * units;
                Vector512<double> steps = Vector512.Floor(exact);
                Vector512<double> rest = (exact - steps) + Vector512.Create(double.Epsilon);
                rest &= Vector512.GreaterThan(exact, Vector512<double>.Zero);
                sums += steps;
                Vector512<ulong> upper = Vector512.ShiftRightLogical(rest.AsUInt64(), KeyShift);
                Vector256.Narrow(upper.GetLower(), upper.GetUpper()).AsInt32().StoreUnsafe(ref key, (nuint)(uint)i);
            }

            given = Vector512.Sum(sums); // whole numbers: any order
        }
        else if (Vector.IsHardwareAccelerated)
        {
            Vector<double> sums = Vector<double>.Zero;
            for (; i + Vector<int>.Count <= shares.Length; i += Vector<int>.Count)
            {
                nuint at = (nuint)(uint)i;
                Vector<ulong> low = UpperHalves(Vector.LoadUnsafe(ref share, at) * units, ref sums);
                Vector<ulong> high = UpperHalves(Vector.LoadUnsafe(ref share, at + (nuint)(uint)Vector<double>.Count) * units, ref sums);
                Vector.AsVectorInt32(Vector.Narrow(low, high)).StoreUnsafe(ref key, at);
            }

            given = Vector.Sum(sums);
        }

        return given + SplitScalar(shares[i..], units, keys[i..]);
    }

    /// <summary>The portable twin of <see cref="Split"/>.</summary>
    public static double SplitScalar(ReadOnlySpan<double> shares, double units, Span<int> keys)
    {
        double given = 0;
        for (int i = 0; i < shares.Length; i++)
        {
            given += Math.Floor(shares[i] * units);
            keys[i] = (int)(BitConverter.DoubleToInt64Bits(Remainder(shares[i], units)) >> KeyShift);
        }

        return given;
    }

    /// <summary>How many keys are above a bound.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static int CountAbove(ReadOnlySpan<int> keys, int bound)
    {
        int i = 0;
        int count = 0;
        if (Vector512.IsHardwareAccelerated)
        {
            ref int key = ref MemoryMarshal.GetReference(keys);
            Vector512<int> bounds = Vector512.Create(bound);
            for (; i + Vector512<int>.Count <= keys.Length; i += Vector512<int>.Count)
            {
                count += BitOperations.PopCount(Vector512.GreaterThan(Vector512.LoadUnsafe(ref key, (nuint)(uint)i), bounds).ExtractMostSignificantBits());
            }
        }
        else if (Vector.IsHardwareAccelerated)
        {
            ref int key = ref MemoryMarshal.GetReference(keys);
            Vector<int> bounds = new(bound);
            Vector<int> even = Vector<int>.Zero;
            Vector<int> odd = Vector<int>.Zero;
            for (; i + (2 * Vector<int>.Count) <= keys.Length; i += 2 * Vector<int>.Count)
            {
                nuint at = (nuint)(uint)i;
                even -= Vector.GreaterThan(Vector.LoadUnsafe(ref key, at), bounds);
                odd -= Vector.GreaterThan(Vector.LoadUnsafe(ref key, at + (nuint)(uint)Vector<int>.Count), bounds);
            }

            count = Vector.Sum(even + odd);
        }

        for (; i < keys.Length; i++)
        {
            count += keys[i] > bound ? 1 : 0;
        }

        return count;
    }

    /// <summary>Replaces shares by their whole grid steps, and one more wherever the key is above a bound.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static void Finish(Span<double> shares, double units, ReadOnlySpan<int> keys, int bound)
    {
        keys = keys[..shares.Length];
        ref double share = ref MemoryMarshal.GetReference(shares);
        ref int key = ref MemoryMarshal.GetReference(keys);
        int i = 0;
        if (Vector512.IsHardwareAccelerated)
        {
            Vector256<int> bounds = Vector256.Create(bound);
            for (; i + Vector512<double>.Count <= shares.Length; i += Vector512<double>.Count)
            {
                nuint at = (nuint)(uint)i;
                (Vector256<long> low, Vector256<long> high) = Vector256.Widen(Vector256.GreaterThan(Vector256.LoadUnsafe(ref key, at), bounds));
                Vector512<double> due = Vector512.Create(low, high).AsDouble() & Vector512<double>.One;
                (Vector512.Floor(Vector512.LoadUnsafe(ref share, at) * units) + due).StoreUnsafe(ref share, at);
            }
        }
        else if (Vector.IsHardwareAccelerated)
        {
            Vector<int> bounds = new(bound);
            for (; i + Vector<int>.Count <= shares.Length; i += Vector<int>.Count)
            {
                nuint at = (nuint)(uint)i;
                nuint next = at + (nuint)(uint)Vector<double>.Count;
                Vector.Widen(Vector.GreaterThan(Vector.LoadUnsafe(ref key, at), bounds), out Vector<long> low, out Vector<long> high);
                (Vector.Floor(Vector.LoadUnsafe(ref share, at) * units) + (Vector.AsVectorDouble(low) & Vector<double>.One)).StoreUnsafe(ref share, at);
                (Vector.Floor(Vector.LoadUnsafe(ref share, next) * units) + (Vector.AsVectorDouble(high) & Vector<double>.One)).StoreUnsafe(ref share, next);
            }
        }

        for (; i < shares.Length; i++)
        {
            shares[i] = Math.Floor(shares[i] * units) + (keys[i] > bound ? 1 : 0);
        }
    }

    /// <summary>Whether more than one of the steps is not below a bound.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static bool SeveralFrom(ReadOnlySpan<double> steps, double bound)
    {
        int i = 0;
        int count = 0;
        if (Vector512.IsHardwareAccelerated)
        {
            ref double step = ref MemoryMarshal.GetReference(steps);
            Vector512<double> bounds = Vector512.Create(bound);
            for (; i + Vector512<double>.Count <= steps.Length; i += Vector512<double>.Count)
            {
                count += BitOperations.PopCount(Vector512.GreaterThanOrEqual(Vector512.LoadUnsafe(ref step, (nuint)(uint)i), bounds).ExtractMostSignificantBits());
            }
        }
        else if (Vector.IsHardwareAccelerated)
        {
            ref double step = ref MemoryMarshal.GetReference(steps);
            Vector<double> bounds = new(bound);
            Vector<long> counts = Vector<long>.Zero;
            for (; i + Vector<double>.Count <= steps.Length; i += Vector<double>.Count)
            {
                counts -= Vector.GreaterThanOrEqual(Vector.LoadUnsafe(ref step, (nuint)(uint)i), bounds);
            }

            count = (int)Vector.Sum(counts);
        }

        for (; i < steps.Length; i++)
        {
            count += steps[i] >= bound ? 1 : 0;
        }

        return count > 1;
    }

    /// <summary>released[i] = (float)(steps[i] * gridStep).</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static void Release(ReadOnlySpan<double> steps, double gridStep, Span<float> released)
    {
        released = released[..steps.Length];
        int i = 0;
        if (Vector.IsHardwareAccelerated)
        {
            ref double step = ref MemoryMarshal.GetReference(steps);
            ref float release = ref MemoryMarshal.GetReference(released);
            for (; i + Vector<float>.Count <= steps.Length; i += Vector<float>.Count)
            {
                nuint at = (nuint)(uint)i;
                Vector<double> low = Vector.LoadUnsafe(ref step, at) * gridStep;
                Vector<double> high = Vector.LoadUnsafe(ref step, at + (nuint)(uint)Vector<double>.Count) * gridStep;
                Vector.Narrow(low, high).StoreUnsafe(ref release, at);
            }
        }

        for (; i < steps.Length; i++)
        {
            released[i] = (float)(steps[i] * gridStep);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<ulong> UpperHalves(Vector<double> exact, ref Vector<double> sums)
    {
        Vector<double> steps = Vector.Floor(exact);
        Vector<double> rest = (exact - steps) + new Vector<double>(double.Epsilon);
        sums += steps;
        return Vector.ShiftRightLogical(Vector.AsVectorUInt64(rest & Vector.AsVectorDouble(Vector.GreaterThan(exact, Vector<double>.Zero))), KeyShift);
    }
}
