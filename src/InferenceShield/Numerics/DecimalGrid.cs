#pragma warning disable RS0030 // Vector loads over spans; lengths bound every load.
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace InferenceShield.Numerics;

/// <summary>Rounds floats to a decimal grid, in double, ties to even. Element by element, so the bits are the same everywhere.</summary>
internal static class DecimalGrid
{
    private const int Lanes = 8;

    /// <summary>Rounds to multiples of 1 / units. Zeros come out positive.</summary>
    /// <param name="values">Finite; times the units they are finite as doubles. Overwritten.</param>
    /// <param name="units">Grid steps to 1, above 0; below 1 for steps longer than 1.</param>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static void Round(Span<float> values, double units)
    {
        if (!Vector128.IsHardwareAccelerated)
        {
            RoundScalar(values, units);
            return;
        }

        ref float first = ref MemoryMarshal.GetReference(values);
        Vector512<double> up = Vector512.Create(units);
        Vector512<double> largest = Vector512.Create((double)float.MaxValue);
        int i = 0;
        for (; i <= values.Length - Lanes; i += Lanes)
        {
            (Vector256<double> low, Vector256<double> high) = Vector256.Widen(Vector256.LoadUnsafe(ref first, (nuint)(uint)i));
            Vector512<double> rounded = Vector512.Round(Vector512.Create(low, high) * up) / up;
            rounded = Vector512.MaxNative(Vector512.MinNative(rounded, largest), -largest);
            Vector256<float> narrowed = Vector256.Narrow(rounded.GetLower(), rounded.GetUpper()) + Vector256<float>.Zero; // no -0
            narrowed.StoreUnsafe(ref first, (nuint)(uint)i);
        }

        RoundScalar(values[i..], units);
    }

    /// <summary>The portable twin of <see cref="Round"/>.</summary>
    public static void RoundScalar(Span<float> values, double units)
    {
        foreach (ref float value in values)
        {
            value = (float)Math.Clamp(Math.Round(value * units) / units, float.MinValue, float.MaxValue) + 0f;
        }
    }
}
