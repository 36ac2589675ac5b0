namespace InferenceShield;

/// <summary>What the numbers of a model output are, which decides how they may be released.</summary>
public enum OutputKind
{
    /// <summary>Not declared. No shield accepts it.</summary>
    None = 0,

    /// <summary>Unnormalised scores of one class each. Released as probabilities after a softmax, never raw: full-precision
    /// logits give away the output layer (Carlini et al. 2024).</summary>
    Logits,

    /// <summary>A distribution over classes: non-negative, sums to 1.</summary>
    Probabilities,

    /// <summary>A feature vector. Released with few significant digits.</summary>
    Embedding,

    /// <summary>Real values. Released with few significant digits.</summary>
    Regression,

    /// <summary>Model state that the host feeds back (recurrent state, key-value cache). Passed through untouched, NaN
    /// included: it is meant for the host and must not be sent to callers.</summary>
    State,
}
