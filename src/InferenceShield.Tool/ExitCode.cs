namespace InferenceShield.Tool;

/// <summary>What the process returns.</summary>
internal static class ExitCode
{
    public const int Done = 0;

    /// <summary>The user can mend it: a wrong option, a file that cannot be read, an endpoint that does not answer.</summary>
    public const int Mistake = 1;

    /// <summary>A gate tripped.</summary>
    public const int Tripped = 2;

    /// <summary>A defect of the tool.</summary>
    public const int Defect = 70;

    /// <summary>Ctrl-C.</summary>
    public const int Interrupted = 130;
}
