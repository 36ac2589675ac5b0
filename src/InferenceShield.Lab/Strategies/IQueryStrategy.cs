namespace InferenceShield.Lab;

/// <summary>How a thief chooses what to ask.</summary>
public interface IQueryStrategy
{
    /// <summary>What it is called in reports.</summary>
    string Name { get; }

    /// <summary>Asks until the budget is spent or nothing is left to ask.</summary>
    /// <param name="oracle">The model under attack.</param>
    /// <param name="context">Budget, pool and seed.</param>
    /// <param name="cancellationToken">Ends the asking; what was answered before is lost.</param>
    /// <returns>What was asked and answered.</returns>
    Task<Transcript> AskAsync(IOracle oracle, QueryContext context, CancellationToken cancellationToken);
}
