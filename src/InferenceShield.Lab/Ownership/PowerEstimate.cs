namespace InferenceShield.Lab;

/// <summary>How many queries one test needs, before any is asked.</summary>
/// <param name="Name">The test.</param>
/// <param name="Match">The share of marked answers that a copy is taken to repeat; NaN for a mark of embeddings, of which a copy repeats no share.</param>
/// <param name="PValue">The p-value that is wanted, with a power of 90 %; of a mark of embeddings, with each of three measured keys.</param>
/// <param name="Available">Queries at hand whose answers can count.</param>
/// <param name="Needed">Answers that are needed; <see cref="int.MaxValue"/> where no number of answers to queries like these suffices.</param>
/// <param name="Queries">About as many queries of the same kind give them; null if none of those at hand counts, or no number suffices.</param>
public sealed record PowerEstimate(string Name, double Match, double PValue, int Available, int Needed, long? Queries);
