namespace InferenceShield.Statistics.Postures;

/// <summary>What one release tells of the width of the last hidden layer: a line of posture-rank.csv.</summary>
internal sealed record RankRow(int Epochs, string Release, double Natural, double ShrunkToHalf, double ShrunkToQuarter, double Subset, int Distinct, double Bits);
