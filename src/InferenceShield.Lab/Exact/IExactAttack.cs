namespace InferenceShield.Lab;

/// <summary>A theft that computes the copy instead of training it.</summary>
/// <remarks>Implementations keep no state between thefts and are thread-safe. The same seed and the same answers give the same copy.</remarks>
public interface IExactAttack
{
    /// <summary>What it is called in reports.</summary>
    string Name { get; }

    /// <summary>Steals a model.</summary>
    /// <param name="oracle">The model under attack.</param>
    /// <param name="context">Budget, seed, and a pool of inputs that shows where inputs lie; without one they lie in -1..1.</param>
    /// <param name="cancellationToken">Ends the attack.</param>
    /// <returns>What came of it. Answers that are too coarse, refusals and a spent budget are a verdict, no exception.</returns>
    /// <exception cref="ArgumentException">The pool does not fit the oracle, or the attack does not fit its number of classes.</exception>
    /// <exception cref="InvalidDataException">An answer is no distribution: not finite, or negative.</exception>
    Task<ExactResult> StealAsync(DoubleOracle oracle, QueryContext context, CancellationToken cancellationToken);
}
