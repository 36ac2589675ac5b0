namespace InferenceShield.Statistics.Ownership;

/// <summary>What one test says of one suspect.</summary>
internal readonly record struct OwnershipFinding(string Test, int Answers, double Statistic, double Expected, double LogP);
