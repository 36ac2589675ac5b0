using InferenceShield.Numerics;

namespace InferenceShield;

/// <content>Steps on what is no distribution: independent scores, real values, embeddings, token logits.</content>
public static partial class HardeningSteps
{
    private const int MostValueDigits = 6;

    /// <summary>Rounds independent scores (the labels of a multi-label model, or the one score of a binary model) as probabilities,
    /// each on its side of its threshold.</summary>
    /// <param name="scores">The clean row: 1 score or more.</param>
    /// <param name="released">As long: the same span, or one that does not overlap it. Each 0 to 1, on the grid; no sum is kept.</param>
    /// <param name="kind"><see cref="OutputKind.SigmoidLogits"/>, which go through a sigmoid, or
    /// <see cref="OutputKind.SigmoidProbabilities"/>, 0 to 1 but for what half precision does to them.</param>
    /// <param name="decimals">0 to 5; the default is 2. 0 releases 1 from the threshold on, else 0.</param>
    /// <param name="thresholds">One for all scores, or one for each; above 0 and below 1. None means .5.</param>
    /// <remarks>Where rounding would carry a score across its threshold, the next grid number on its side is released. Rounding again
    /// changes nothing. It hides digits: the decisions, and the order of scores a step apart, stay for a thief to train on.</remarks>
    /// <exception cref="ArgumentException">Spans that do not fit, another kind, or decimals or thresholds out of range.</exception>
    /// <exception cref="InvalidModelOutputException">A score is not finite, or no probability; <paramref name="released"/> is zeroed.</exception>
    public static void RoundScores(
        ReadOnlySpan<float> scores, Span<float> released, OutputKind kind, int decimals = 2, ReadOnlySpan<float> thresholds = default)
    {
        if (kind is not (OutputKind.SigmoidLogits or OutputKind.SigmoidProbabilities))
        {
            throw new ArgumentOutOfRangeException(nameof(kind), kind, "'kind' has to be SigmoidLogits or SigmoidProbabilities.");
        }

        StepRow.RequireRange(decimals, 0, ScorePlan.MostDecimals, nameof(decimals));
        StepRow.RequireSpans(scores, released);
        if (thresholds.Length > 1 && thresholds.Length != scores.Length)
        {
            throw new ArgumentException($"There are {thresholds.Length} thresholds for a row of {scores.Length} scores. Give one for all, or one for each.", nameof(thresholds));
        }

        ScorePlan plan = StepPlans.Scores(kind == OutputKind.SigmoidLogits, decimals, Units(decimals), thresholds);
        if (!ScoreHardening.TryHarden(plan, scores, released, out OutputFault fault))
        {
            throw Refused(fault, "scores", released);
        }
    }

    /// <summary>Rounds real values to significant digits, each by itself.</summary>
    /// <param name="values">The clean row: 1 value or more.</param>
    /// <param name="released">As long: the same span, or one that does not overlap it.</param>
    /// <param name="digits">1 to 6; the default is 3.</param>
    /// <remarks>Ties to even; 0 stays 0. Near 0 it hides nothing but the digits: <see cref="Quantise(ReadOnlySpan{float}, Span{float}, double, ReadOnlySpan{byte})"/>
    /// has an error of one size everywhere.</remarks>
    /// <exception cref="ArgumentException">Spans that do not fit, or digits out of range.</exception>
    /// <exception cref="InvalidModelOutputException">A value is not finite; <paramref name="released"/> is zeroed.</exception>
    public static void RoundValues(ReadOnlySpan<float> values, Span<float> released, int digits = 3)
    {
        StepRow.RequireRange(digits, 1, MostValueDigits, nameof(digits));
        StepRow.RequireSpans(values, released);
        if (!ValueHardening.TryHarden(digits, values, released, out OutputFault fault))
        {
            throw Refused(fault, "values", released);
        }
    }

    /// <summary>Quantises real values with a keyed dither: none is released further than half a step from the clean one.</summary>
    /// <param name="values">The clean row: 1 value or more.</param>
    /// <param name="released">As long: the same span, or one that does not overlap it.</param>
    /// <param name="step">1e-30 to 1e30, in the values' unit. From 2^30 steps on, where float32 is coarser, a value is released as it is.</param>
    /// <param name="key">16 secret random bytes, the same on every replica; derived for this purpose and model alone.</param>
    /// <remarks>Subtractive dither (Schuchman, "Dither Signals and Their Effect on Quantization Noise", 1964): x is released as
    /// s (floor(x / s + u) - u + 1/2). The dither u belongs to key, place and sixteen steps of the value, so repeats get the same
    /// answer. Near-repeats of which a thief knows how each moved the value average it: the mean of 64 that are spread over half a
    /// step or more leaves .13 to .14 of one answer's error (a test). It bounds what one answer tells, not what many do.</remarks>
    /// <exception cref="ArgumentException">Spans that do not fit, a step out of range, or a key of another length.</exception>
    /// <exception cref="InvalidModelOutputException">A value is not finite; <paramref name="released"/> is zeroed.</exception>
    public static void Quantise(ReadOnlySpan<float> values, Span<float> released, double step, ReadOnlySpan<byte> key)
    {
        SipHashKey ditherKey = RequireQuantiser(values, released, step, key);
        if (!RegressionHardening.TryHarden(step, ditherKey, values, released, out OutputFault fault))
        {
            throw Refused(fault, "values", released);
        }
    }

    /// <summary>As above, with a dither that belongs to the region of input space.</summary>
    /// <param name="values">The clean row.</param>
    /// <param name="released">As long: the same span, or one that does not overlap it.</param>
    /// <param name="step">1e-30 to 1e30.</param>
    /// <param name="key">16 secret random bytes.</param>
    /// <param name="input">Where the row's input lies: a prefix of few bits is stable under small changes.</param>
    /// <exception cref="ArgumentException">Spans that do not fit, a step out of range, or a key of another length.</exception>
    /// <exception cref="InvalidModelOutputException">A value is not finite; <paramref name="released"/> is zeroed.</exception>
    public static void Quantise(ReadOnlySpan<float> values, Span<float> released, double step, ReadOnlySpan<byte> key, InputCell input) =>
        Quantise(values, released, step, key, input.Bits);

    /// <summary>As above, with a dither that belongs to the exact input: near-duplicates average the error away.</summary>
    /// <param name="values">The clean row.</param>
    /// <param name="released">As long: the same span, or one that does not overlap it.</param>
    /// <param name="step">1e-30 to 1e30.</param>
    /// <param name="key">16 secret random bytes.</param>
    /// <param name="input">The digest of the row's input.</param>
    /// <exception cref="ArgumentException">Spans that do not fit, a step out of range, or a key of another length.</exception>
    /// <exception cref="InvalidModelOutputException">A value is not finite; <paramref name="released"/> is zeroed.</exception>
    public static void Quantise(ReadOnlySpan<float> values, Span<float> released, double step, ReadOnlySpan<byte> key, InputDigest input) =>
        Quantise(values, released, step, key, input.Low);

    /// <summary>Turns an embedding by keyed noise within a cosine budget, then by a tenant's secret transform if there is one, and rounds it.</summary>
    /// <param name="vector">The clean row: 1 number or more.</param>
    /// <param name="released">As long: the same span, or one that does not overlap it.</param>
    /// <param name="cosineBudget">0 (no noise) to 1: the cosine of released and clean vector is at least 1 less this, rounding
    /// included, before a transform. Above 0 it needs room for the rounding: .0013 at 2 digits, .134 at 1.</param>
    /// <param name="key">16 secret random bytes, the same on every replica; derived for this purpose and model alone. Common to all
    /// callers and tenants: noise of their own could be averaged away by several accounts.</param>
    /// <param name="digits">1 to 6, of a component of typical size; the default is 3. The whole vector has one grid.</param>
    /// <param name="transform">The tenant's, of the row's dimension; null for none.</param>
    /// <remarks>The direction of the noise belongs to the key and to 16 keyed sides of the vector, so repeats get the same answer. Averaging
    /// near-repeats takes it off: the mean of 64 that move the vector by half its length, in ways a thief knows, leaves .24 of one
    /// answer's error (a test). A tax on copies, not a wall.</remarks>
    /// <exception cref="ArgumentException">Spans that do not fit, numbers out of range, a key of another length or a transform of another
    /// dimension.</exception>
    /// <exception cref="InvalidModelOutputException">A number is not finite; <paramref name="released"/> is zeroed.</exception>
    public static void EmbeddingNoise(
        ReadOnlySpan<float> vector,
        Span<float> released,
        double cosineBudget,
        ReadOnlySpan<byte> key,
        int digits = 3,
        EmbeddingTransform? transform = null) =>
        TurnEmbedding(vector, released, cosineBudget, key, null, digits, transform);

    /// <summary>As above, for noise that belongs to the region of input space.</summary>
    /// <param name="vector">The clean row.</param>
    /// <param name="released">As long: the same span, or one that does not overlap it.</param>
    /// <param name="cosineBudget">0 to 1.</param>
    /// <param name="key">16 secret random bytes.</param>
    /// <param name="input">Where the row's input lies: a prefix of few bits is stable under small changes.</param>
    /// <param name="digits">1 to 6; the default is 3.</param>
    /// <param name="transform">The tenant's; null for none.</param>
    /// <exception cref="ArgumentException">Spans that do not fit, numbers out of range, a key of another length or a transform of another
    /// dimension.</exception>
    /// <exception cref="InvalidModelOutputException">A number is not finite; <paramref name="released"/> is zeroed.</exception>
    public static void EmbeddingNoise(
        ReadOnlySpan<float> vector,
        Span<float> released,
        double cosineBudget,
        ReadOnlySpan<byte> key,
        InputCell input,
        int digits = 3,
        EmbeddingTransform? transform = null) =>
        TurnEmbedding(vector, released, cosineBudget, key, input.Bits, digits, transform);

    /// <summary>As above, for noise that belongs to the exact input: near-duplicates average it away.</summary>
    /// <param name="vector">The clean row.</param>
    /// <param name="released">As long: the same span, or one that does not overlap it.</param>
    /// <param name="cosineBudget">0 to 1.</param>
    /// <param name="key">16 secret random bytes.</param>
    /// <param name="input">The digest of the row's input.</param>
    /// <param name="digits">1 to 6; the default is 3.</param>
    /// <param name="transform">The tenant's; null for none.</param>
    /// <exception cref="ArgumentException">Spans that do not fit, numbers out of range, a key of another length or a transform of another
    /// dimension.</exception>
    /// <exception cref="InvalidModelOutputException">A number is not finite; <paramref name="released"/> is zeroed.</exception>
    public static void EmbeddingNoise(
        ReadOnlySpan<float> vector,
        Span<float> released,
        double cosineBudget,
        ReadOnlySpan<byte> key,
        InputDigest input,
        int digits = 3,
        EmbeddingTransform? transform = null) =>
        TurnEmbedding(vector, released, cosineBudget, key, input.Low, digits, transform);

    /// <summary>Releases the rounded log-probabilities of the k leading tokens; all others are negative infinity.</summary>
    /// <param name="logits">The clean row over the vocabulary: 1 to 1,048,576 logits.</param>
    /// <param name="released">As long: the same span, or one that does not overlap it.</param>
    /// <param name="k">1 to 1,024, and no more than the vocabulary; the default is 5, what serving interfaces give at the most.</param>
    /// <param name="decimals">1 to 5, of a log-probability (natural logarithm); the default is 2.</param>
    /// <remarks>Of the softmax over the whole vocabulary; 0 at most, -10,000 at least. The leading token stays the only leader: who is level with it after
    /// rounding is released a step lower. It does not stop who may add biases to logits: see <see cref="TokenLogitsGuard"/>
    /// (Carlini et al. 2024). One read of the row, O(vocabulary + k log k) on typical rows.</remarks>
    /// <exception cref="ArgumentException">Spans that do not fit, or numbers out of range.</exception>
    /// <exception cref="InvalidModelOutputException">A logit is not finite; <paramref name="released"/> is zeroed.</exception>
    public static void TopTokens(ReadOnlySpan<float> logits, Span<float> released, int k = OutputPlan.UsualTokens, int decimals = 2)
    {
        StepRow.RequireSpans(logits, released);
        TokenLogitsPlan plan = RequireTokens(logits, k, decimals);
        if (!TokenLogitsHardening.TryHarden(plan, logits, released, out _, out _, out OutputFault fault))
        {
            throw Refused(fault, "logits", released);
        }
    }

    /// <summary>Releases the leading tokens as pairs of token and rounded log-probability, in falling order, equals by lower token.</summary>
    /// <param name="logits">The clean row over the vocabulary: 1 to 1,048,576 logits.</param>
    /// <param name="tokens">1 to 1,024 places, and no more than the vocabulary: as many tokens are released.</param>
    /// <param name="logProbabilities">As many; not overlapping <paramref name="logits"/>.</param>
    /// <param name="decimals">1 to 5; the default is 2.</param>
    /// <remarks>As above; the order tells no more than the numbers.</remarks>
    /// <exception cref="ArgumentException">Spans that do not fit, or numbers out of range.</exception>
    /// <exception cref="InvalidModelOutputException">A logit is not finite; both spans are zeroed.</exception>
    public static void TopTokens(ReadOnlySpan<float> logits, Span<int> tokens, Span<float> logProbabilities, int decimals = 2)
    {
        if (tokens.Length != logProbabilities.Length || logits.Overlaps(logProbabilities))
        {
            throw new ArgumentException(
                $"There are {tokens.Length} places for tokens and {logProbabilities.Length} for log-probabilities; as many are needed of both, apart from the logits.", nameof(logProbabilities));
        }

        TokenLogitsPlan plan = RequireTokens(logits, tokens.Length, decimals);
        if (!TokenLogitsHardening.TrySelect(plan, logits, tokens, logProbabilities, out _, out OutputFault fault))
        {
            tokens.Clear();
            throw Refused(fault, "logits", logProbabilities);
        }
    }

    private static void Quantise(ReadOnlySpan<float> values, Span<float> released, double step, ReadOnlySpan<byte> key, ulong cell)
    {
        SipHashKey ditherKey = RequireQuantiser(values, released, step, key);
        if (!RegressionHardening.TryHarden(step, ditherKey, cell, values, released, out OutputFault fault))
        {
            throw Refused(fault, "values", released);
        }
    }

    private static SipHashKey RequireQuantiser(ReadOnlySpan<float> values, Span<float> released, double step, ReadOnlySpan<byte> key)
    {
        if (!(step is >= RegressionHardening.LeastStep and <= RegressionHardening.GreatestStep))
        {
            throw new ArgumentOutOfRangeException(nameof(step), step, "'step' has to be from 1E-30 to 1E+30.");
        }

        SipHashKey ditherKey = RequireKey(key);
        StepRow.RequireSpans(values, released);
        return ditherKey;
    }

    private static void TurnEmbedding(
        ReadOnlySpan<float> vector, Span<float> released, double cosineBudget, ReadOnlySpan<byte> key, ulong? cell, int digits, EmbeddingTransform? transform)
    {
        StepRow.RequireRange(cosineBudget, 0, 1, nameof(cosineBudget));
        StepRow.RequireRange(digits, 1, EmbeddingPlan.MostDigits, nameof(digits));
        EmbeddingPlan plan = StepPlans.Embedding(cosineBudget, digits);
        SipHashKey noiseKey = RequireKey(key);
        StepRow.RequireSpans(vector, released);
        if (transform is not null && transform.Dimension != vector.Length)
        {
            throw new ArgumentException($"The transform is of dimension {transform.Dimension}, the vector of {vector.Length}.", nameof(transform));
        }

        if (!EmbeddingHardening.TryHarden(plan, noiseKey, cell, transform, vector, released, out OutputFault fault))
        {
            throw Refused(fault, "vector", released);
        }
    }

    private static TokenLogitsPlan RequireTokens(ReadOnlySpan<float> logits, int k, int decimals)
    {
        StepRow.RequireRange(logits.Length, 1, TokenLogitsHardening.MostVocabulary, nameof(logits));
        StepRow.RequireRange(k, 1, Math.Min(logits.Length, TokenLogitsPlan.MostTokens), nameof(k));
        StepRow.RequireRange(decimals, 1, TokenLogitsPlan.MostDecimals, nameof(decimals));
        return StepPlans.Tokens(k, decimals, Units(decimals));
    }

    private static InvalidModelOutputException Refused(OutputFault fault, string name, Span<float> released)
    {
        released.Clear();
        return new InvalidModelOutputException(fault.Describe(name, 0), name, 0, fault.Index);
    }
}
