namespace InferenceShield.Samples.Quickstart;

/// <summary>What became of one caller's queries.</summary>
internal sealed class CallerReport
{
    public required string Name { get; init; }

    public required int Asked { get; init; }

    public int Answered { get; set; }

    public long RetryAfterSeconds { get; set; }

    public int CleanCorrect { get; set; }

    public int ReleasedCorrect { get; set; }

    public int TopDiffers { get; set; }

    public int CleanVectors { get; set; }
}
