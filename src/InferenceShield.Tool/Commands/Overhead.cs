namespace InferenceShield.Tool;

/// <summary>What <c>bench</c> measured.</summary>
internal sealed record Overhead(
    double Ratio, double LowRatio, double HighRatio, double BareMicroseconds, double ShieldedMicroseconds, double BytesPerCall, int Rounds, int Calls);
