namespace InferenceShield;

/// <summary>What an answer cache has counted since it was made. Each number is exact; together they are not one instant.</summary>
/// <param name="Hits">Queries answered without the model.</param>
/// <param name="Misses">Queries for which there was no answer.</param>
/// <param name="Stored">Answers put in.</param>
/// <param name="Replaced">Answers that made room for another one.</param>
/// <param name="Skipped">Answers not put in: too long, or other threads were writing in the same place.</param>
public readonly record struct AnswerCacheStatistics(long Hits, long Misses, long Stored, long Replaced, long Skipped);
