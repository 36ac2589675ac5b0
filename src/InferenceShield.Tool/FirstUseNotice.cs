namespace InferenceShield.Tool;

/// <summary>Says once per user that the tool is for models one owns or is authorised to test. Asks nothing and stops nothing.</summary>
internal static class FirstUseNotice
{
    /// <summary>Set to anything, it silences the notice.</summary>
    public const string SilenceVariable = "INFERENCE_SHIELD_NO_NOTICE";

    /// <param name="error">Where to say it.</param>
    /// <param name="folder">Where to remember it; null for the user's configuration folder.</param>
    public static void Show(TextWriter error, string? folder = null)
    {
        if (!string.IsNullOrEmpty(Environment.GetEnvironmentVariable(SilenceVariable)))
        {
            return;
        }

        folder ??= Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.ApplicationData, Environment.SpecialFolderOption.DoNotVerify), "inference-shield");
        string mark = Path.Combine(folder, "notice-1");
        if (File.Exists(mark))
        {
            return;
        }

        error.WriteLine($"This tool steals models to measure how well they are protected. Use it only on models that you own or are authorised to test. (Said once; {SilenceVariable}=1 silences it.)");
        try
        {
            Directory.CreateDirectory(folder);
            File.WriteAllText(mark, "The notice of inference-shield was shown.\n");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // A home that cannot be written, as in many build containers: it will be said again.
        }
    }
}
