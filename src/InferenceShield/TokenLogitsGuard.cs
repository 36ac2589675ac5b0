namespace InferenceShield;

/// <summary>Logit bias or log-probabilities, never both in one request.</summary>
/// <remarks>
/// <para>Who may add a bias to a token's logit and read log-probabilities lifts every token in turn into the released ones and
/// so reads the whole row of logits, a few tokens a request; some thousand rows give away the size of the model's hidden layer
/// and its output matrix. Carlini et al., "Stealing Part of a Production Language Model" (ICML 2024), recommend this rule.</para>
/// <para>It makes the attack dearer, not impossible: with bias alone, the token that is sampled tells which logit is larger
/// (about ten requests a logit in the paper). Charge requests with a bias more, and limit how many tokens one may name.</para>
/// <para>Ask once a request, before the model runs. Thread-safe; allocates nothing unless it throws.</para>
/// </remarks>
public static class TokenLogitsGuard
{
    /// <summary>Whether a request may be served.</summary>
    /// <param name="usesLogitBias">The request changes logits of tokens of its choice: a bias, a block list it wrote, a penalty for each token.</param>
    /// <param name="wantsLogProbabilities">The request asks for log-probabilities, or anything computed from them but the sampled tokens.</param>
    public static bool Allows(bool usesLogitBias, bool wantsLogProbabilities) => !(usesLogitBias && wantsLogProbabilities);

    /// <summary>Throws where <see cref="Allows"/> is false.</summary>
    /// <param name="usesLogitBias">See <see cref="Allows"/>.</param>
    /// <param name="wantsLogProbabilities">See <see cref="Allows"/>.</param>
    /// <exception cref="InvalidQueryException">The request wants both. The message is fit to be shown to the caller.</exception>
    public static void Check(bool usesLogitBias, bool wantsLogProbabilities)
    {
        if (!Allows(usesLogitBias, wantsLogProbabilities))
        {
            throw new InvalidQueryException(
                "The request uses a logit bias and asks for log-probabilities; it may do one of both. Leave out the bias to get log-probabilities, or ask for tokens only.");
        }
    }
}
