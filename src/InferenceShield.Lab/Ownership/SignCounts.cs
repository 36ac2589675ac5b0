namespace InferenceShield.Lab;

/// <summary>Answers by group, as <see cref="SignSample"/> takes them.</summary>
/// <param name="First">How often each group was answered with what the bit 1 picks.</param>
/// <param name="Second">How often with what the bit 0 picks.</param>
internal sealed record SignCounts(int[] First, int[] Second);
