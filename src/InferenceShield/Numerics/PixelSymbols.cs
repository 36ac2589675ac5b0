#pragma warning disable RS0030 // Vector loads over spans; every entry point checks lengths first.
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace InferenceShield.Numerics;

/// <summary>Quantises pixels: symbol = min(255, pixel + offset) / step, rounded down.</summary>
/// <remarks>The same bytes from vectors of any width and without them.</remarks>
internal static class PixelSymbols
{
    /// <summary>Quantises bytes.</summary>
    /// <param name="pixels">0 to 255.</param>
    /// <param name="offsets">One secret offset for each pixel, or more.</param>
    /// <param name="step">The step.</param>
    /// <param name="symbols">As long as <paramref name="pixels"/>, or longer; elsewhere.</param>
    public static void Quantize(ReadOnlySpan<byte> pixels, ReadOnlySpan<byte> offsets, PixelStep step, Span<byte> symbols)
    {
        offsets = offsets[..pixels.Length];
        symbols = symbols[..pixels.Length];
        if (Vector512.IsHardwareAccelerated && pixels.Length >= Vector512<byte>.Count)
        {
            Quantize512(pixels, offsets, step, symbols);
        }
        else if (Vector256.IsHardwareAccelerated && pixels.Length >= Vector256<byte>.Count)
        {
            Quantize256(pixels, offsets, step, symbols);
        }
        else
        {
            QuantizeScalar(pixels, offsets, step, symbols);
        }
    }

    /// <summary>The portable twin of <see cref="Quantize"/>.</summary>
    public static void QuantizeScalar(ReadOnlySpan<byte> pixels, ReadOnlySpan<byte> offsets, PixelStep step, Span<byte> symbols)
    {
        offsets = offsets[..pixels.Length];
        symbols = symbols[..pixels.Length];
        for (int i = 0; i < pixels.Length; i++)
        {
            symbols[i] = step.Divide(Math.Min(255u, (uint)pixels[i] + offsets[i]));
        }
    }

    /// <summary>Scales floats to pixels: (value - minimum) x scale, clamped to 0..255 and rounded; NaN becomes 0.</summary>
    /// <param name="values">Any numbers.</param>
    /// <param name="minimum">What becomes 0.</param>
    /// <param name="scale">255 / (maximum - minimum).</param>
    /// <param name="pixels">As long as <paramref name="values"/>, or longer.</param>
    public static void FromSingles(ReadOnlySpan<float> values, float minimum, float scale, Span<byte> pixels)
    {
        pixels = pixels[..values.Length];
        int done = 0;
        if (Vector256.IsHardwareAccelerated && values.Length >= 4 * Vector256<float>.Count)
        {
            done = FromSingles256(values, minimum, scale, pixels);
        }

        FromSinglesScalar(values[done..], minimum, scale, pixels[done..]);
    }

    /// <summary>The portable twin of <see cref="FromSingles"/>.</summary>
    public static void FromSinglesScalar(ReadOnlySpan<float> values, float minimum, float scale, Span<byte> pixels)
    {
        pixels = pixels[..values.Length];
        for (int i = 0; i < values.Length; i++)
        {
            // Two operations, never one fused: vectors do the same.
            float scaled = (values[i] - minimum) * scale;
            scaled = scaled > 0 ? scaled : 0; // written so that NaN becomes 0
            scaled = scaled < 255 ? scaled : 255;
            pixels[i] = (byte)(int)(scaled + 0.5f);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Quantize512(ReadOnlySpan<byte> pixels, ReadOnlySpan<byte> offsets, PixelStep step, Span<byte> symbols)
    {
        ref byte p = ref MemoryMarshal.GetReference(pixels);
        ref byte o = ref MemoryMarshal.GetReference(offsets);
        ref byte s = ref MemoryMarshal.GetReference(symbols);
        Vector512<ushort> factor = Vector512.Create(step.Factor);
        Vector512<ushort> addend = Vector512.Create(step.Addend);
        Vector512<ushort> low = Vector512.Create((ushort)0x00FF);
        nuint last = (nuint)(uint)(pixels.Length - Vector512<byte>.Count);
        for (nuint i = 0; ; i = i + 64 < last ? i + 64 : last) // the last vector overlaps the one before
        {
            // Even and odd bytes are divided apart, in sixteen bits each. ~x is 255 - x.
            Vector512<byte> pixel = Vector512.LoadUnsafe(ref p, i);
            Vector512<ushort> salted = (pixel + Vector512.Min(~pixel, Vector512.LoadUnsafe(ref o, i))).AsUInt16();
            Vector512<ushort> even = (((salted & low) * factor) + addend) >> step.Shift;
            Vector512<ushort> odd = ((((salted >> 8) * factor) + addend) >> (step.Shift - 8)) & ~low;
            (even | odd).AsByte().StoreUnsafe(ref s, i);
            if (i == last)
            {
                return;
            }
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Quantize256(ReadOnlySpan<byte> pixels, ReadOnlySpan<byte> offsets, PixelStep step, Span<byte> symbols)
    {
        ref byte p = ref MemoryMarshal.GetReference(pixels);
        ref byte o = ref MemoryMarshal.GetReference(offsets);
        ref byte s = ref MemoryMarshal.GetReference(symbols);
        Vector256<ushort> factor = Vector256.Create(step.Factor);
        Vector256<ushort> addend = Vector256.Create(step.Addend);
        Vector256<ushort> low = Vector256.Create((ushort)0x00FF);
        nuint last = (nuint)(uint)(pixels.Length - Vector256<byte>.Count);
        for (nuint i = 0; ; i = i + 32 < last ? i + 32 : last) // the last vector overlaps the one before
        {
            // Even and odd bytes are divided apart, in sixteen bits each. ~x is 255 - x.
            Vector256<byte> pixel = Vector256.LoadUnsafe(ref p, i);
            Vector256<ushort> salted = (pixel + Vector256.Min(~pixel, Vector256.LoadUnsafe(ref o, i))).AsUInt16();
            Vector256<ushort> even = (((salted & low) * factor) + addend) >> step.Shift;
            Vector256<ushort> odd = ((((salted >> 8) * factor) + addend) >> (step.Shift - 8)) & ~low;
            (even | odd).AsByte().StoreUnsafe(ref s, i);
            if (i == last)
            {
                return;
            }
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static int FromSingles256(ReadOnlySpan<float> values, float minimum, float scale, Span<byte> pixels)
    {
        ref float v = ref MemoryMarshal.GetReference(values);
        ref byte p = ref MemoryMarshal.GetReference(pixels);
        Vector256<float> low = Vector256.Create(minimum);
        Vector256<float> factor = Vector256.Create(scale);
        int vectors = values.Length / 32;
        for (nuint i = 0; i < (nuint)(uint)vectors * 32; i += 32)
        {
            Vector256<ushort> a = Vector256.Narrow(ToPixels(ref v, i, low, factor), ToPixels(ref v, i + 8, low, factor));
            Vector256<ushort> b = Vector256.Narrow(ToPixels(ref v, i + 16, low, factor), ToPixels(ref v, i + 24, low, factor));
            Vector256.Narrow(a, b).StoreUnsafe(ref p, i);
        }

        return vectors * 32;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> ToPixels(ref float values, nuint index, Vector256<float> minimum, Vector256<float> scale)
    {
        Vector256<float> top = Vector256.Create(255f);
        Vector256<float> scaled = (Vector256.LoadUnsafe(ref values, index) - minimum) * scale;
        scaled = Vector256.ConditionalSelect(Vector256.GreaterThan(scaled, Vector256<float>.Zero), scaled, Vector256<float>.Zero);
        scaled = Vector256.ConditionalSelect(Vector256.LessThan(scaled, top), scaled, top);
        return Vector256.ConvertToInt32(scaled + Vector256.Create(0.5f)).AsUInt32();
    }
}
