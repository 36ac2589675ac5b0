namespace InferenceShield;

/// <summary>What follows from verdicts, odometers and campaigns.</summary>
public sealed class PostureOptions
{
}
