using System.Text.Json;

namespace InferenceShield.Benchmarks.Gate;

/// <summary>gate.json: the bytes that one operation of each benchmark allocates.</summary>
internal static class GateFile
{
    public static IReadOnlyDictionary<string, long> Read(string path)
    {
        using FileStream file = File.OpenRead(path);
        return JsonSerializer.Deserialize<Dictionary<string, long>>(file)
            ?? throw new InvalidDataException("gate.json holds null; it maps each benchmark's name to its bytes.");
    }
}
