using InferenceShield.Lab;

namespace InferenceShield.Statistics.Ownership;

/// <summary>A text sampled with a mark, and what the published formulas let a detector expect of it.</summary>
/// <param name="Tokens">The text; its first tokens are drawn without a model.</param>
/// <param name="Scored">Tokens with a mark on them, each pair of token and what its bits hang on counted once.</param>
/// <param name="ExpectedScore">The mean over them of what another random key would make of the same clean logits: for a green list the
/// chance of a green token, exp(delta) G / (1 + (exp(delta) - 1) G) with G the green mass that is raised; for a tournament the weighted mean over its
/// rounds of 1/2 + (1 - sum of squared p) / 4.</param>
internal sealed record TokenMarkText(int[] Tokens, int Scored, double ExpectedScore)
{
    /// <summary>Tokens that are drawn without a model.</summary>
    public const int Start = 8;

    /// <summary>Samples a text.</summary>
    /// <param name="source">The logits.</param>
    /// <param name="mark">The key's; null for none.</param>
    /// <param name="other">The same mark under another key, for what is expected.</param>
    /// <param name="length">Tokens after the first eight.</param>
    /// <param name="temperature">Of sampling.</param>
    /// <param name="seed">Of sampling.</param>
    public static TokenMarkText Sample(RandomWeightTokens source, TokenMarkUnderTest? mark, TokenMarkUnderTest? other, int length, double temperature, ulong seed)
    {
        SeededRandom random = new(seed, stream: 702);
        int[] tokens = new int[Start + length];
        for (int i = 0; i < Start; i++)
        {
            tokens[i] = random.NextInt32(RandomWeightTokens.Vocabulary);
        }

        TokenHistory history = new(65_536);
        HashSet<(ulong, int)> scored = [];
        double expected = 0;
        float[] logits = new float[RandomWeightTokens.Vocabulary];
        double[] clean = new double[logits.Length];
        double[] shares = new double[logits.Length];
        for (int i = Start; i < tokens.Length; i++)
        {
            ReadOnlySpan<int> before = tokens.AsSpan(0, i);
            source.Write(before, temperature, logits);
            Normalise(logits, clean);
            bool isMarked = mark is not null && (mark.Tournament is null ? mark.Watermark.Mark(logits, before) : mark.Watermark.Mark(logits, before, history));
            Normalise(logits, shares);
            tokens[i] = Draw(shares, random.NextShare());
            if (isMarked && scored.Add(mark!.FindSource(before, tokens[i])))
            {
                expected += other!.Expect(clean, before);
            }
        }

        return new TokenMarkText(tokens, scored.Count, scored.Count == 0 ? 0 : expected / scored.Count);
    }

    /// <summary>Replaces a share of tokens by others, drawn from the vocabulary.</summary>
    /// <param name="text">What to edit.</param>
    /// <param name="share">Of its tokens.</param>
    /// <param name="seed">Of the choice.</param>
    public static int[] Substitute(int[] text, double share, ulong seed)
    {
        SeededRandom random = new(seed, stream: 703);
        return [.. text.Select(token => random.NextShare() < share ? random.NextInt32(RandomWeightTokens.Vocabulary) : token)];
    }

    private static void Normalise(float[] logits, double[] shares)
    {
        double largest = logits.Max();
        double sum = 0;
        for (int i = 0; i < shares.Length; i++)
        {
            shares[i] = Math.Exp(logits[i] - largest);
            sum += shares[i];
        }

        for (int i = 0; i < shares.Length; i++)
        {
            shares[i] /= sum;
        }
    }

    private static int Draw(double[] shares, double point)
    {
        int token = 0;
        for (point -= shares[0]; point >= 0 && token < shares.Length - 1; point -= shares[token])
        {
            token++;
        }

        return token;
    }
}
