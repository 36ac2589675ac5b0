namespace InferenceShield.Lab;

/// <summary>Answers where a key gives labels, as <see cref="LabelSum"/> takes them.</summary>
/// <param name="Answered">Answers in all.</param>
/// <param name="Choices">Labels that the key can give to one query.</param>
/// <param name="Groups">For each group of queries that get one label, how often each label that can be was answered.</param>
/// <param name="Matches">Answers that are the key's label.</param>
internal sealed record LabelCounts(int Answered, int Choices, int[][] Groups, int Matches);
