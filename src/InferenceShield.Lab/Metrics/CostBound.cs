namespace InferenceShield.Lab;

/// <summary>Whether a cost multiplier was found between measured budgets or lies beyond them.</summary>
public enum CostBound
{
    /// <summary>Found between measured budgets.</summary>
    Measured,

    /// <summary>The undefended thief was better than this with the smallest budget already.</summary>
    AtLeast,

    /// <summary>The undefended thief did not get there with the largest budget.</summary>
    AtMost,
}
