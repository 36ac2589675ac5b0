namespace InferenceShield;

/// <summary>In what form the scores of a distribution leave. Each of them tells less than the one before.</summary>
public enum Release
{
    /// <summary>Probabilities on a decimal grid, with sum 1 and one strict maximum.</summary>
    Rounding = 0,

    /// <summary>The label, the number of its confidence's band and a named second label: see <see cref="ConfidenceBands"/>.</summary>
    Bands,

    /// <summary>1 for the leading class, 0 for the others.</summary>
    LabelOnly,
}
