using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>The tokens of a row that may be sampled: those near its largest logit.</summary>
internal static class LeadingTokens
{
    /// <summary>The most tokens.</summary>
    public const int Most = 256;

    /// <summary>How far below the largest logit they reach, unless there are too many.</summary>
    public const float Reach = 16;

    private const float Nearer = 0.75f;

    /// <summary>Tokens that are counted first: where they are too many by themselves, none has to be collected to see it.</summary>
    private const int Counted = 4096;

    /// <summary>Finds them, in the order of the row.</summary>
    /// <param name="logits">Without NaN.</param>
    /// <param name="largest">The largest; finite.</param>
    /// <param name="tokens">At least <see cref="Most"/> places.</param>
    /// <returns>How many: all above the largest less <see cref="Reach"/> by the smallest power of .75 with which they are at most
    /// <see cref="Most"/>; of more that equal the largest, the first.</returns>
    public static int Find(ReadOnlySpan<float> logits, float largest, Span<int> tokens)
    {
        float reach = Reach;
        float bar = largest - reach;
        ReadOnlySpan<float> first = logits[..Math.Min(Counted, logits.Length)];
        while (TokenScan.CountAbove(first, bar) > Most)
        {
            reach *= Nearer;
            bar = largest - reach;
            if (bar >= largest)
            {
                return FindEqual(logits, largest, tokens[..Most]);
            }
        }

        int count = 0;
        tokens = tokens[..Most];
        int next = 0;
        while ((next = TokenScan.CollectAbove(logits, next, bar, tokens, ref count)) < logits.Length)
        {
            while (count == Most)
            {
                reach *= Nearer;
                bar = largest - reach;
                if (bar >= largest)
                {
                    return FindEqual(logits, largest, tokens);
                }

                count = Keep(logits, bar, tokens);
            }
        }

        return count;
    }

    private static int Keep(ReadOnlySpan<float> logits, float bar, Span<int> tokens)
    {
        int count = 0;
        foreach (int token in tokens)
        {
            tokens[count] = token; // without a branch, which nobody could foresee
            count += logits[token] > bar ? 1 : 0;
        }

        return count;
    }

    private static int FindEqual(ReadOnlySpan<float> logits, float largest, Span<int> tokens)
    {
        int count = 0;
        for (int i = 0; i < logits.Length && count < Most; i++)
        {
            if (logits[i] == largest)
            {
                tokens[count++] = i;
            }
        }

        return count;
    }
}
