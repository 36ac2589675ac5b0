#pragma warning disable RS0030 // A struct of plain numbers as numbers: to be kept beside an answer.
using System.Runtime.InteropServices;

namespace InferenceShield.OnnxRuntime.Numerics;

/// <summary>What detection measured of a query, as numbers that are kept with its answer.</summary>
internal static class SignalNumbers
{
    /// <summary>How many numbers that takes.</summary>
    public static readonly int Count = Marshal.SizeOf<QuerySignals>() / sizeof(float);

    public static void Write(in QuerySignals signals, Span<float> numbers) => MemoryMarshal.Write(MemoryMarshal.AsBytes(numbers), in signals);

    public static void Read(ReadOnlySpan<float> numbers, out QuerySignals signals) => signals = MemoryMarshal.Read<QuerySignals>(MemoryMarshal.AsBytes(numbers));
}
