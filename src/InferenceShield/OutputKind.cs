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

    /// <summary>A feature vector. Released on a grid of few significant digits; keyed noise on request.</summary>
    Embedding,

    /// <summary>Real values. Released with few significant digits, or quantised with a keyed dither.</summary>
    Regression,

    /// <summary>Model state that the host feeds back (recurrent state, key-value cache). Passed through untouched, NaN
    /// included: it is meant for the host and must not be sent to callers.</summary>
    State,

    /// <summary>Unnormalised scores that have nothing to do with one another: the labels of a multi-label model, or the one score
    /// of a binary model. Released as probabilities after a sigmoid, each on its side of the threshold.</summary>
    SigmoidLogits,

    /// <summary>The same as probabilities, each 0 to 1.</summary>
    SigmoidProbabilities,

    /// <summary>Unnormalised scores of the tokens of a vocabulary. Released as rounded log-probabilities of the leading tokens; all others
    /// are negative infinity.</summary>
    TokenLogits,
}
