#pragma warning disable RS0030 // Vector loads over spans; every entry point checks lengths first.
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace InferenceShield.Numerics;

/// <summary>The passes over a row that is rounded to a grid. Element by element or in whole numbers: the same bits at every
/// vector width.</summary>
internal static class GridSplit
{
    /// <summary>A key is the upper half of a remainder's bits, which order as the remainders do.</summary>
    private const int KeyShift = 32;

    /// <summary>Splits shares into whole grid steps and what remains.</summary>
    /// <param name="shares">Not negative. Overwritten with the steps.</param>
    /// <param name="units">Grid steps to a share of 1.</param>
    /// <param name="remainders">As long: below 1; above 0 where the share is, even if it is whole; else 0.</param>
    /// <param name="keys">As long: the upper halves of the remainders.</param>
    /// <returns>The sum of the steps.</returns>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static double Split(Span<double> shares, double units, Span<double> remainders, Span<int> keys)
    {
        remainders = remainders[..shares.Length];
        keys = keys[..shares.Length];
        int i = 0;
        double given = 0;
        if (Vector.IsHardwareAccelerated)
        {
            ref double share = ref MemoryMarshal.GetReference(shares);
            ref double remainder = ref MemoryMarshal.GetReference(remainders);
            ref int key = ref MemoryMarshal.GetReference(keys);
            Vector<double> sums = Vector<double>.Zero;
            for (; i + Vector<int>.Count <= shares.Length; i += Vector<int>.Count)
            {
                nuint at = (nuint)(uint)i;
                Vector<ulong> low = SplitVector(ref share, ref remainder, at, units, ref sums);
                Vector<ulong> high = SplitVector(ref share, ref remainder, at + (nuint)(uint)Vector<double>.Count, units, ref sums);
                Vector.AsVectorInt32(Vector.Narrow(low, high)).StoreUnsafe(ref key, at);
            }

            given = Vector.Sum(sums); // whole numbers: any order
        }

        return given + SplitScalar(shares[i..], units, remainders[i..], keys[i..]);
    }

    /// <summary>The portable twin of <see cref="Split"/>.</summary>
    public static double SplitScalar(Span<double> shares, double units, Span<double> remainders, Span<int> keys)
    {
        double given = 0;
        for (int i = 0; i < shares.Length; i++)
        {
            double exact = shares[i] * units;
            double steps = Math.Floor(exact);
            double remainder = exact > 0 ? (exact - steps) + double.Epsilon : 0;
            given += steps;
            shares[i] = steps;
            remainders[i] = remainder;
            keys[i] = (int)(BitConverter.DoubleToInt64Bits(remainder) >> KeyShift);
        }

        return given;
    }

    /// <summary>How many keys are not below a bound.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static int CountFrom(ReadOnlySpan<int> keys, int bound)
    {
        int i = 0;
        int count = 0;
        if (Vector.IsHardwareAccelerated)
        {
            ref int key = ref MemoryMarshal.GetReference(keys);
            Vector<int> bounds = new(bound);
            Vector<int> even = Vector<int>.Zero;
            Vector<int> odd = Vector<int>.Zero;
            for (; i + (2 * Vector<int>.Count) <= keys.Length; i += 2 * Vector<int>.Count)
            {
                nuint at = (nuint)(uint)i;
                even -= Vector.GreaterThanOrEqual(Vector.LoadUnsafe(ref key, at), bounds);
                odd -= Vector.GreaterThanOrEqual(Vector.LoadUnsafe(ref key, at + (nuint)(uint)Vector<int>.Count), bounds);
            }

            count = Vector.Sum(even + odd);
        }

        for (; i < keys.Length; i++)
        {
            count += keys[i] >= bound ? 1 : 0;
        }

        return count;
    }

    /// <summary>Adds a step wherever the key is not below a bound.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static void AddFrom(Span<double> steps, ReadOnlySpan<int> keys, int bound)
    {
        keys = keys[..steps.Length];
        int i = 0;
        if (Vector.IsHardwareAccelerated)
        {
            ref double step = ref MemoryMarshal.GetReference(steps);
            ref int key = ref MemoryMarshal.GetReference(keys);
            Vector<int> bounds = new(bound);
            for (; i + Vector<int>.Count <= steps.Length; i += Vector<int>.Count)
            {
                nuint at = (nuint)(uint)i;
                nuint next = at + (nuint)(uint)Vector<double>.Count;
                Vector.Widen(Vector.GreaterThanOrEqual(Vector.LoadUnsafe(ref key, at), bounds), out Vector<long> low, out Vector<long> high);
                (Vector.LoadUnsafe(ref step, at) + (Vector.AsVectorDouble(low) & Vector<double>.One)).StoreUnsafe(ref step, at);
                (Vector.LoadUnsafe(ref step, next) + (Vector.AsVectorDouble(high) & Vector<double>.One)).StoreUnsafe(ref step, next);
            }
        }

        for (; i < steps.Length; i++)
        {
            steps[i] += keys[i] >= bound ? 1 : 0;
        }
    }

    /// <summary>Whether more than one of the steps is not below a bound.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static bool SeveralFrom(ReadOnlySpan<double> steps, double bound)
    {
        int i = 0;
        long count = 0;
        if (Vector.IsHardwareAccelerated)
        {
            ref double step = ref MemoryMarshal.GetReference(steps);
            Vector<double> bounds = new(bound);
            Vector<long> counts = Vector<long>.Zero;
            for (; i + Vector<double>.Count <= steps.Length; i += Vector<double>.Count)
            {
                counts -= Vector.GreaterThanOrEqual(Vector.LoadUnsafe(ref step, (nuint)(uint)i), bounds);
            }

            count = Vector.Sum(counts);
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
    private static Vector<ulong> SplitVector(ref double share, ref double remainder, nuint at, double units, ref Vector<double> sums)
    {
        Vector<double> exact = Vector.LoadUnsafe(ref share, at) * units;
        Vector<double> steps = Vector.Floor(exact);
        Vector<double> rest = ((exact - steps) + new Vector<double>(double.Epsilon))
            & Vector.AsVectorDouble(Vector.GreaterThan(exact, Vector<double>.Zero));
        sums += steps;
        steps.StoreUnsafe(ref share, at);
        rest.StoreUnsafe(ref remainder, at);
        return Vector.ShiftRightLogical(Vector.AsVectorUInt64(rest), KeyShift);
    }
}
