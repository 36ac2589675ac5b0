namespace InferenceShield.Lab;

/// <summary>What a query strategy may use.</summary>
/// <param name="Budget">Queries it may spend; refused ones count.</param>
/// <param name="Seed">All its choices follow from it.</param>
/// <param name="Pool">Inputs at hand; null for a thief who has none.</param>
/// <param name="Surrogate">How the thief trains copies while asking (active strategies) and afterwards.</param>
/// <param name="Threads">Threads that training may use.</param>
public sealed record QueryContext(int Budget, ulong Seed, Dataset? Pool, SurrogateOptions Surrogate, int Threads = 1);
