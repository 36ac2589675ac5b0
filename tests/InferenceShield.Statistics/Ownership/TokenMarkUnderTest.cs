using InferenceShield.Lab;

namespace InferenceShield.Statistics.Ownership;

/// <summary>A mark of tokens under a key that follows from a seed, with its parts at hand.</summary>
internal sealed class TokenMarkUnderTest
{
    /// <summary>A green list.</summary>
    public TokenMarkUnderTest(GreenListMarkOptions options, ulong seed)
    {
        using MarkKey key = MakeKey(seed);
        Watermark = new TokenWatermark(key, options);
        GreenList = new GreenList(key, options);
    }

    /// <summary>A tournament.</summary>
    public TokenMarkUnderTest(TournamentMarkOptions options, ulong seed)
    {
        using MarkKey key = MakeKey(seed);
        Watermark = new TokenWatermark(key, options);
        Tournament = new Tournament(key, options);
    }

    public TokenWatermark Watermark { get; }

    public GreenList? GreenList { get; }

    public Tournament? Tournament { get; }

    /// <summary>The variance of a token's score without the key.</summary>
    public double Variance => GreenList is { } list ? list.Share * (1 - list.Share) : Tournament!.Weights.Sum(weight => weight * weight) / 4;

    /// <summary>The mean of a token's score without the key.</summary>
    public double Mean => GreenList?.Share ?? 0.5;

    /// <summary>What is counted once; of a tournament the context alone.</summary>
    public (ulong Source, int Token) FindSource(ReadOnlySpan<int> before, int token)
    {
        ReadOnlySpan<int> context = before[^Watermark.ContextLength..];
        if (GreenList is { } list)
        {
            list.IsGreen(context, token, out ulong source);
            return (source, token);
        }

        Tournament!.Draw(context, token, out ulong cell);
        return (cell, 0);
    }

    /// <summary>The score that the formulas give for a token drawn from these shares, marked with this key.</summary>
    public double Expect(double[] clean, ReadOnlySpan<int> before)
    {
        ReadOnlySpan<int> context = before[^Watermark.ContextLength..];
        int[] leading = GreenList is { IsSelfHashed: false } ? [.. Enumerable.Range(0, clean.Length)] : FindLeading(clean);
        if (GreenList is { } list)
        {
            double raised = 0;
            double reached = 0;
            foreach (int token in leading)
            {
                reached += clean[token];
                raised += list.IsGreen(context, token, out _) ? clean[token] : 0;
            }

            // Of tokens out of reach the share is green on the mean.
            double factor = Math.Exp(list.Bias);
            return ((factor * raised) + (list.Share * (1 - reached))) / (1 + ((factor - 1) * raised));
        }

        double mass = leading.Sum(token => clean[token]);
        double[] shares = [.. leading.Select(token => clean[token] / mass)];
        uint[] draws = [.. ToArray(context, leading)];
        double expected = 0;
        for (int layer = 0; layer < Tournament!.Layers; layer++)
        {
            expected += Tournament.Weights[layer] * (0.5 + (mass * 0.25 * (1 - shares.Sum(share => share * share))));
            double winning = shares.Zip(draws, (share, draw) => share * (draw >> layer & 1)).Sum();
            shares = [.. shares.Zip(draws, (share, draw) => share * (1 + (draw >> layer & 1) - winning))];
        }

        return expected;
    }

    private static int[] FindLeading(double[] clean)
    {
        float[] logits = [.. clean.Select(share => (float)Math.Log(share))];
        int[] tokens = new int[LeadingTokens.Most];
        return tokens[..LeadingTokens.Find(logits, logits.Max(), tokens)];
    }

    private static MarkKey MakeKey(ulong seed)
    {
        SeededRandom random = new(seed, stream: 704);
        byte[] bytes = new byte[MarkKey.Size];
        foreach (ref byte value in bytes.AsSpan())
        {
            value = (byte)random.NextInt32(256);
        }

        return MarkKey.Import(bytes, "experiment", "model");
    }

    private uint[] ToArray(ReadOnlySpan<int> context, int[] tokens)
    {
        uint[] draws = new uint[tokens.Length];
        for (int i = 0; i < tokens.Length; i++)
        {
            draws[i] = Tournament!.Draw(context, tokens[i], out _);
        }

        return draws;
    }
}
