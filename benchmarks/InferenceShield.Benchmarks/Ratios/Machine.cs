using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace InferenceShield.Benchmarks.Ratios;

/// <summary>What the numbers were measured on.</summary>
internal static class Machine
{
    /// <summary>As the operating system names it.</summary>
    public static string ProcessorName => ReadLine("/proc/cpuinfo", "model name")?.Split(':', 2)[1].Trim()
        ?? Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER")
        ?? RuntimeInformation.ProcessArchitecture.ToString();

    /// <summary>Over the last 1, 5 and 15 minutes.</summary>
    public static string LoadAverage => ReadLine("/proc/loadavg", "") is { } line
        ? string.Join(", ", line.Split(' ')[..3])
        : "unknown";

    public static int VectorBits =>
        Vector512.IsHardwareAccelerated ? 512 : Vector256.IsHardwareAccelerated ? 256 : Vector128.IsHardwareAccelerated ? 128 : 64;

    private static string? ReadLine(string path, string start) =>
        File.Exists(path) ? File.ReadLines(path).FirstOrDefault(line => line.StartsWith(start, StringComparison.Ordinal)) : null;
}
