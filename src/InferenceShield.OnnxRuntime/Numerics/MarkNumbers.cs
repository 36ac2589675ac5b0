#pragma warning disable RS0030 // Structs of plain numbers as numbers: to be kept beside an answer.
using System.Runtime.InteropServices;

namespace InferenceShield.OnnxRuntime.Numerics;

/// <summary>What marks did to a row's answers, as numbers that are kept with them.</summary>
internal static class MarkNumbers
{
    /// <summary>How many numbers that takes for one answer.</summary>
    public static readonly int Count = Marshal.SizeOf<MarkedRow>() / sizeof(float);

    public static void Write(ReadOnlySpan<MarkedRow> marked, Span<float> numbers) => MemoryMarshal.Cast<MarkedRow, float>(marked).CopyTo(numbers);

    public static void Read(ReadOnlySpan<float> numbers, Span<MarkedRow> marked) => MemoryMarshal.Cast<float, MarkedRow>(numbers)[..marked.Length].CopyTo(marked);
}
