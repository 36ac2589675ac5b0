#pragma warning disable RS0030 // Vector loads and stores over spans; lengths bound every one.
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace InferenceShield.Numerics;

/// <summary>Goes through two rows of doubles, writes a third, and sums in sixteen lanes and a tree: the same bits on every
/// machine.</summary>
internal static class LaneSums
{
    /// <summary>Element i of a row is added to lane i modulo this.</summary>
    public const int Lanes = 16;

    private const int Half = 8;

    /// <summary>Applies a step to every element.</summary>
    /// <param name="step">What to do.</param>
    /// <param name="left">One row.</param>
    /// <param name="right">Another, as long.</param>
    /// <param name="target">As long; may be either of the two.</param>
    /// <returns>The sum of what the step gives to be summed.</returns>
    public static double Apply<TStep>(TStep step, ReadOnlySpan<double> left, ReadOnlySpan<double> right, Span<double> target)
        where TStep : struct, ILaneStep
    {
        if (left.Length != right.Length || left.Length != target.Length)
        {
            throw new ArgumentException($"Rows of {left.Length}, {right.Length} and {target.Length} numbers are not of one length.", nameof(target));
        }

        return Vector128.IsHardwareAccelerated ? ApplyVector(step, left, right, target) : ApplyScalar(step, left, right, target);
    }

    /// <summary>The portable twin of <see cref="Apply"/>.</summary>
    public static double ApplyScalar<TStep>(TStep step, ReadOnlySpan<double> left, ReadOnlySpan<double> right, Span<double> target)
        where TStep : struct, ILaneStep
    {
        Span<double> sums = stackalloc double[Lanes];
        sums.Clear();
        for (int i = 0; i < left.Length; i++)
        {
            target[i] = step.Apply(left[i], right[i], out double summand);
            sums[i % Lanes] += summand;
        }

        return Fold(sums);
    }

    /// <summary>Adds up the lanes: those of the upper half to the lower ones, until there is one.</summary>
    public static double Fold(Span<double> sums)
    {
        for (int half = Lanes / 2; half > 0; half /= 2)
        {
            for (int lane = 0; lane < half; lane++)
            {
                sums[lane] += sums[lane + half];
            }
        }

        return sums[0];
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static double ApplyVector<TStep>(TStep step, ReadOnlySpan<double> left, ReadOnlySpan<double> right, Span<double> target)
        where TStep : struct, ILaneStep
    {
        ref double lefts = ref MemoryMarshal.GetReference(left);
        ref double rights = ref MemoryMarshal.GetReference(right);
        ref double targets = ref MemoryMarshal.GetReference(target);
        Vector512<double> sumsLow = Vector512<double>.Zero;
        Vector512<double> sumsHigh = Vector512<double>.Zero;
        int i = 0;
        for (; i + Lanes <= target.Length; i += Lanes)
        {
            nuint at = (nuint)(uint)i;
            step.Apply(Vector512.LoadUnsafe(ref lefts, at), Vector512.LoadUnsafe(ref rights, at), out Vector512<double> summand)
                .StoreUnsafe(ref targets, at);
            sumsLow += summand;
            at += Half;
            step.Apply(Vector512.LoadUnsafe(ref lefts, at), Vector512.LoadUnsafe(ref rights, at), out summand)
                .StoreUnsafe(ref targets, at);
            sumsHigh += summand;
        }

        Span<double> sums = stackalloc double[Lanes];
        sumsLow.CopyTo(sums);
        sumsHigh.CopyTo(sums[Half..]);
        for (; i < target.Length; i++)
        {
            target[i] = step.Apply(left[i], right[i], out double summand);
            sums[i % Lanes] += summand;
        }

        return Fold(sums);
    }
}
