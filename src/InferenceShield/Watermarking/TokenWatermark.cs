using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>A mark in the tokens of a language model's answers: a green list or a tournament, under one key.</summary>
/// <remarks>
/// <para>Green list: Kirchenbauer et al., "A Watermark for Large Language Models" (ICML 2023). Tournament: Dathathri et al., "Scalable
/// watermarking for identifying large language model outputs" (Nature 2024). Random bits are AES-128's, keyed with <see cref="MarkKey"/>.</para>
/// <para>Mark the logits that are sampled from: after temperature, where there is one, and after or before top-k and top-p. The mark
/// needs room: a text that the model is sure of holds none. It does not survive a thorough paraphrase, and who has the key
/// can forge it.</para>
/// <para>Immutable and thread-safe; holds what it needs of the key, which may be disposed of afterwards. Marking allocates nothing and reads the row
/// once or twice; a tournament, and a green list with <see cref="GreenListMarkOptions.SelfHash"/>, mark at most 256 tokens
/// within 16 of the largest logit, which are those that may be sampled.</para>
/// </remarks>
public sealed class TokenWatermark
{
    private readonly GreenList? _green;
    private readonly Tournament? _tournament;
    private readonly SipHashKey _historyKey;

    /// <summary>A green list.</summary>
    /// <param name="key">The model's.</param>
    /// <param name="options">Copied.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of its range.</exception>
    public TokenWatermark(MarkKey key, GreenListMarkOptions options)
        : this(key)
    {
        ArgumentNullException.ThrowIfNull(options);
        Require(options.Share, 0.05, 0.9, nameof(options.Share));
        Require(options.Bias, 0.1, 10, nameof(options.Bias));
        Require(options.Context ?? 1, 1, TokenContext.Most, nameof(options.Context));
        _green = new GreenList(key, options);
        ContextLength = _green.Context;
    }

    /// <summary>A tournament.</summary>
    /// <param name="key">The model's.</param>
    /// <param name="options">Copied.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of its range.</exception>
    public TokenWatermark(MarkKey key, TournamentMarkOptions options)
        : this(key)
    {
        ArgumentNullException.ThrowIfNull(options);
        Require(options.Layers, 1, 32, nameof(options.Layers));
        Require(options.Context, 1, TokenContext.Most, nameof(options.Context));
        _tournament = new Tournament(key, options);
        ContextLength = _tournament.Context;
    }

    private TokenWatermark(MarkKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        Span<byte> bytes = stackalloc byte[SipHashKey.Size];
        key.Derive("token-history", bytes);
        _historyKey = new SipHashKey(bytes);
        bytes.Clear();
    }

    /// <summary>How many tokens before it a token's mark is a function of. The first of a sequence are not marked.</summary>
    public int ContextLength { get; }

    /// <summary>Marks a row of logits in place, before a token is sampled.</summary>
    /// <param name="logits">Over the vocabulary: up to 1,048,576. Negative infinity, for a token that must not be sampled, stays.</param>
    /// <param name="context">The tokens so far; the last <see cref="ContextLength"/> count.</param>
    /// <returns>False if the row was left as it is: fewer tokens before, or no logit that is finite.</returns>
    /// <exception cref="ArgumentException">A logit is NaN or positive infinity, or there are too many. Nothing was marked.</exception>
    public bool Mark(Span<float> logits, ReadOnlySpan<int> context)
    {
        if (logits.Length > TokenLogitsHardening.MostVocabulary)
        {
            throw new ArgumentException($"A vocabulary has at most {TokenLogitsHardening.MostVocabulary} tokens, not {logits.Length}.", nameof(logits));
        }

        if (TryMark(logits, context))
        {
            return true;
        }

        int fault = FindFault(logits);
        return fault < 0 ? false
            : throw new ArgumentException($"Logit {fault} is {logits[fault]}; a logit is finite, or negative infinity for a token that must not be sampled.", nameof(logits));
    }

    /// <summary>As <see cref="Mark(Span{float}, ReadOnlySpan{int})"/>, unless the context was marked before in the same sequence.</summary>
    /// <param name="logits">As above.</param>
    /// <param name="context">As above.</param>
    /// <param name="history">The sequence's.</param>
    /// <returns>False if the row was left as it is.</returns>
    public bool Mark(Span<float> logits, ReadOnlySpan<int> context, TokenHistory history)
    {
        ArgumentNullException.ThrowIfNull(history);
        return TryNote(context, history) && Mark(logits, context);
    }

    /// <summary>Looks for the mark in a text.</summary>
    /// <param name="tokens">The text, by the model's own tokenizer; 0 or more each.</param>
    /// <remarks>Pairs of a token and what its bits hang on are scored once, so that those that are scored are independent in a text
    /// written without the key: the p-value of a green list is the exact binomial tail, z = (g - gamma T) / sqrt(T gamma (1 - gamma)) with g green
    /// ones of T. Of a tournament, repeated contexts are scored once, as they are marked once with a <see cref="TokenHistory"/>;
    /// the bits of the rounds are weighted from 10 down to 1, z is by the exact moments of fair bits, and p is exact of few rounds and tokens
    /// (all texts of one round, 23,000 tokens of two, 3,000 of four, 300 of ten). Above, and so of the default 30 rounds, it is by the saddle-point
    /// formula (Lugannani and Rice, 1980), of a score less by one bit of the last round: a few per cent too large or, far out, a few times.</remarks>
    public TokenDetection Detect(ReadOnlySpan<int> tokens)
    {
        List<ScoredToken> scored = Score(tokens);
        return Summarise(scored, 0, scored.Count);
    }

    /// <summary>Looks for the mark in every part of a text: for a marked passage in a longer one.</summary>
    /// <param name="tokens">The text.</param>
    /// <param name="window">Scored tokens in a part; 1 or more. A text with fewer is one part.</param>
    /// <returns>The part with the highest score. Its p-value is that of the best of all parts: times their number, at most 1, which
    /// is valid though parts overlap (Bonferroni).</returns>
    public TokenDetection DetectWindow(ReadOnlySpan<int> tokens, int window)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(window, 1);
        List<ScoredToken> scored = Score(tokens);
        int length = Math.Min(window, scored.Count);
        int parts = scored.Count - length + 1;
        double sum = scored.Take(length).Sum(token => token.Score);
        double best = sum;
        int start = 0;
        for (int part = 1; part < parts; part++)
        {
            sum += scored[part + length - 1].Score - scored[part - 1].Score;
            if (sum > best + 1e-9)
            {
                (best, start) = (sum, part);
            }
        }

        TokenDetection found = Summarise(scored, start, length);
        return found with { PValue = Math.Min(1, found.PValue * parts) };
    }

    /// <summary>Which of the two.</summary>
    internal MarkKinds Kind => _green is null ? MarkKinds.Tournament : MarkKinds.GreenList;

    /// <summary>Whether the p-value of so many scored tokens is exact; else it is by the saddle-point formula.</summary>
    internal bool IsExact(int tokens) => _tournament is null || _tournament.IsExact(tokens);

    /// <returns>False if the context is too short or noted already.</returns>
    internal bool TryNote(ReadOnlySpan<int> context, TokenHistory history) =>
        context.Length >= ContextLength && history.TryAdd(TokenContext.Hash(_historyKey, context[^ContextLength..]).Low);

    /// <summary>The list that marks the whole vocabulary; null if leading tokens are marked.</summary>
    internal GreenList? WholeList => _green is { IsSelfHashed: false } ? _green : null;

    /// <summary>Marks a row; leaves one with a fault, or without enough tokens before, as it is.</summary>
    internal bool TryMark(Span<float> logits, ReadOnlySpan<int> context)
    {
        if (context.Length < ContextLength || !TryFindLargest(logits, out float largest))
        {
            return false;
        }

        if (WholeList is { } list)
        {
            Hash128 cell = list.FindCell(context[^ContextLength..]);
            for (int start = 0; start < logits.Length; start += GreenList.Block)
            {
                Span<float> block = logits.Slice(start, Math.Min(GreenList.Block, logits.Length - start));
                list.MarkBlock(cell, start, block, block);
            }

            return true;
        }

        Span<int> tokens = stackalloc int[LeadingTokens.Most];
        Span<float> marked = stackalloc float[LeadingTokens.Most];
        int count = MarkLeading(logits, largest, context, tokens, marked);
        for (int i = 0; i < count; i++)
        {
            logits[tokens[i]] = marked[i];
        }

        return true;
    }

    /// <summary>Finds the leading tokens of a row and marks them, elsewhere. Not of a <see cref="WholeList"/>.</summary>
    /// <param name="logits">Without NaN.</param>
    /// <param name="largest">The largest; finite.</param>
    /// <param name="context">At least <see cref="ContextLength"/> tokens.</param>
    /// <param name="tokens">At least <see cref="LeadingTokens.Most"/> places; in the order of the row.</param>
    /// <param name="marked">As many, for their marked logits.</param>
    /// <returns>How many there are.</returns>
    internal int MarkLeading(ReadOnlySpan<float> logits, float largest, ReadOnlySpan<int> context, Span<int> tokens, Span<float> marked)
    {
        int count = LeadingTokens.Find(logits, largest, tokens);
        for (int i = 0; i < count; i++)
        {
            marked[i] = logits[tokens[i]];
        }

        _green?.MarkLeading(context[^ContextLength..], tokens[..count], marked);
        _tournament?.MarkLeading(context[^ContextLength..], tokens[..count], marked, largest);
        return count;
    }

    /// <summary>The first logit that is NaN or positive infinity; -1 for none.</summary>
    internal static int FindFault(ReadOnlySpan<float> logits)
    {
        for (int i = 0; i < logits.Length; i++)
        {
            if (float.IsNaN(logits[i]) || float.IsPositiveInfinity(logits[i]))
            {
                return i;
            }
        }

        return -1;
    }

    /// <returns>False if there is none, or if a logit is NaN or positive infinity.</returns>
    private static bool TryFindLargest(ReadOnlySpan<float> logits, out float largest)
    {
        largest = TokenScan.FindLargest(logits, out bool areFinite);
        if (!areFinite)
        {
            largest = TokenScan.FindLargestScalar(logits, out _);
            foreach (float logit in logits)
            {
                if (float.IsNaN(logit))
                {
                    return false;
                }
            }
        }

        return float.IsFinite(largest);
    }

    private List<ScoredToken> Score(ReadOnlySpan<int> tokens)
    {
        List<ScoredToken> scored = [];
        HashSet<(ulong Source, int Token)> seen = [];
        for (int i = ContextLength; i < tokens.Length; i++)
        {
            ReadOnlySpan<int> context = tokens[(i - ContextLength)..i];
            int token = tokens[i];
            ulong source;
            double score = _green is not null
                ? _green.IsGreen(context, token, out source) ? 1 : 0
                : _tournament!.Score(_tournament.Draw(context, token, out source));
            if (seen.Add((source, _green is not null ? token : 0)))
            {
                scored.Add(new ScoredToken(i, score));
            }
        }

        return scored;
    }

    private TokenDetection Summarise(List<ScoredToken> scored, int start, int length)
    {
        double expected = _green?.Share ?? 0.5;
        if (length == 0)
        {
            return new TokenDetection(0, 0, expected, 0, 1, 0, 0);
        }

        double sum = scored.Skip(start).Take(length).Sum(token => token.Score);
        double mean = sum / length;
        double variance = _green is not null ? expected * (1 - expected) : _tournament!.Weights.Sum(weight => weight * weight) / 4;
        double p = _green is not null ? HeadsTail.Of((long)Math.Round(sum), length, expected) : _tournament!.Tail(mean, length);
        return new TokenDetection(length, mean, expected, (mean - expected) / Math.Sqrt(variance / length), p, scored[start].Index, scored[start + length - 1].Index + 1);
    }

    private static void Require(double value, double least, double most, string name)
    {
        if (!(value >= least && value <= most))
        {
            throw new ArgumentOutOfRangeException(name, value, FormattableString.Invariant($"{name} has to be {least} to {most}."));
        }
    }

    private readonly record struct ScoredToken(int Index, double Score);
}
