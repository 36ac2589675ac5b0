namespace InferenceShield.Tests;

/// <summary>Tests that set what the whole process shares, or measure it: they run alone.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class ProcessWide
{
    public const string Name = "process-wide";
}
