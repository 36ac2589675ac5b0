namespace InferenceShield;

/// <summary>What an answer cache has counted since it was made. Each number is exact; together they are not one instant.</summary>
/// <param name="Hits">Queries answered without the model.</param>
/// <param name="Misses">Queries for which there was no answer. A call runs as a whole: a row with an answer in a call with a row
/// without one counts here.</param>
/// <param name="Stored">Answers put in.</param>
/// <param name="Replaced">Answers that made room for another one.</param>
/// <param name="Skipped">Answers not put in: of another length or shape than the model declares, or other threads were writing
/// in the same place.</param>
public readonly record struct AnswerCacheStatistics(long Hits, long Misses, long Stored, long Replaced, long Skipped);
