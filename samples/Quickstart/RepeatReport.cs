namespace InferenceShield.Samples.Quickstart;

/// <summary>What came of asking one image again and again.</summary>
internal sealed record RepeatReport(int Asked, float[] Clean, float[] Released, int DistinctAnswers, long Repeated, int CleanVectors);
