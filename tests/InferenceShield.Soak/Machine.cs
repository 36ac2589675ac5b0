namespace InferenceShield.Soak;

internal static class Machine
{
    /// <summary>The processor's name, where the system tells it.</summary>
    public static string Processor
    {
        get
        {
            const string Info = "/proc/cpuinfo";
            string? line = File.Exists(Info)
                ? File.ReadLines(Info).FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))
                : null;
            return line?[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim() ?? "unknown processor";
        }
    }
}
