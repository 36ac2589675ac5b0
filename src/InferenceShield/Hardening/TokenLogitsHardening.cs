using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>Hardens one row of logits over a vocabulary: rounded log-probabilities of the leading tokens, and nothing of the others.</summary>
/// <remarks>
/// <para>Log-probabilities (natural logarithm) of the whole vocabulary's softmax, rounded to the grid, 0 at most. The first of the
/// largest logits stays the strict leader: whoever is level with it after rounding is released one step lower. Tokens
/// below -10,000 are released as -10,000.</para>
/// <para>In a tensor of fixed shape all other tokens are negative infinity, as masks of logits use it: their probability is 0, and
/// softmax, argmax and sampling work on the row as they are. 0 would be the log-probability of certainty. As pairs, they come in
/// falling order of what is released, equals by lower token, so that the order tells no more than the numbers.</para>
/// <para>The row is read from memory once, in blocks that fit the first cache: largest, tokens above the bar, sum of exponentials.
/// Exponentials in float32, summed in a fixed order, blocks in double: 1e-6 in a log-probability, and the same bits at every vector
/// width. No allocation after a thread's first call. Rounded top-k alone does not stop who may add biases: see <see cref="TokenLogitsGuard"/>.</para>
/// </remarks>
internal static class TokenLogitsHardening
{
    /// <summary>The largest vocabulary.</summary>
    public const int MostVocabulary = 1 << 20;

    private const int Block = 1024;

    private const double LeastLogProbability = -10_000;

    /// <summary>Releases a row of the same shape.</summary>
    /// <param name="plan">How.</param>
    /// <param name="clean">The model's logits.</param>
    /// <param name="released">As long; may be the same span. Not written if the row is faulty.</param>
    /// <param name="top">The leading token.</param>
    /// <param name="confidence">Its clean probability.</param>
    /// <param name="fault">What is wrong with the row.</param>
    /// <returns>False if the row cannot be released.</returns>
    /// <exception cref="ArgumentException">The vocabulary is smaller than the plan's number of tokens, or too large.</exception>
    public static bool TryHarden(
        TokenLogitsPlan plan, ReadOnlySpan<float> clean, Span<float> released, out int top, out float confidence, out OutputFault fault)
    {
        if (!TryFind(plan, clean, out Span<double> keys, out top, out confidence, out fault))
        {
            return false;
        }

        released.Fill(float.NegativeInfinity);
        foreach (double key in keys)
        {
            released[TokenOf(key)] = LogProbabilityOf(plan, key);
        }

        return true;
    }

    /// <summary>Marks a row and releases the marked one.</summary>
    /// <param name="plan">How.</param>
    /// <param name="mark">What marks it.</param>
    /// <param name="context">The tokens before.</param>
    /// <param name="clean">The model's logits.</param>
    /// <param name="released">As long; may be the same span. Holds clean logits if the row is faulty.</param>
    /// <param name="top">The leading token of the marked row.</param>
    /// <param name="confidence">Its probability in the marked row.</param>
    /// <param name="fault">What is wrong with the row.</param>
    /// <returns>False if the row cannot be released.</returns>
    public static bool TryHarden(
        TokenLogitsPlan plan, TokenWatermark mark, ReadOnlySpan<int> context, ReadOnlySpan<float> clean, Span<float> released, out int top, out float confidence, out OutputFault fault)
    {
        clean.CopyTo(released);
        mark.TryMark(released, context);
        return TryHarden(plan, released, released, out top, out confidence, out fault);
    }

    /// <summary>Releases pairs of token and log-probability.</summary>
    /// <param name="plan">How.</param>
    /// <param name="clean">The model's logits.</param>
    /// <param name="tokens">As many as the plan's tokens; the leading one first.</param>
    /// <param name="logProbabilities">As many.</param>
    /// <param name="confidence">The leading token's clean probability.</param>
    /// <param name="fault">What is wrong with the row; nothing is written then.</param>
    /// <returns>False if the row cannot be released.</returns>
    /// <exception cref="ArgumentException">The vocabulary is smaller than the plan's number of tokens, or too large; or the spans are of another length.</exception>
    public static bool TrySelect(
        TokenLogitsPlan plan, ReadOnlySpan<float> clean, Span<int> tokens, Span<float> logProbabilities, out float confidence, out OutputFault fault)
    {
        if (tokens.Length != plan.Tokens || logProbabilities.Length != plan.Tokens)
        {
            throw new ArgumentException($"{plan.Tokens} tokens do not fit into {tokens.Length} places and {logProbabilities.Length} log-probabilities.", nameof(tokens));
        }

        if (!TryFind(plan, clean, out Span<double> keys, out _, out confidence, out fault))
        {
            return false;
        }

        keys.Sort();
        for (int i = 0; i < keys.Length; i++)
        {
            tokens[i] = TokenOf(keys[i]);
            logProbabilities[i] = LogProbabilityOf(plan, keys[i]);
        }

        return true;
    }

    /// <summary>The chosen tokens as keys: steps below 0 and token in one number, exact in a double.</summary>
    private static bool TryFind(
        TokenLogitsPlan plan, ReadOnlySpan<float> clean, out Span<double> keys, out int top, out float confidence, out OutputFault fault)
    {
        if (clean.Length < plan.Tokens || clean.Length > MostVocabulary)
        {
            throw new ArgumentException(
                $"A row of {clean.Length} logits cannot be released with {plan.Tokens} tokens: a vocabulary has at least as many, and at most {MostVocabulary}.", nameof(clean));
        }

        HardeningScratch scratch = HardeningScratch.ForThisThread;
        keys = scratch.Distribution(plan.Tokens);
        Span<int> heap = scratch.Indices(plan.Tokens);
        int count = 0;
        float largest = float.NegativeInfinity;
        double sum = 0;
        top = 0;
        confidence = 0;
        for (int start = 0; start < clean.Length; start += Block)
        {
            ReadOnlySpan<float> block = clean.Slice(start, Math.Min(Block, clean.Length - start));
            float blockLargest = TokenScan.FindLargest(block, out bool areFinite);
            if (!areFinite)
            {
                fault = FindFault(block, start);
                return false;
            }

            if (blockLargest > largest)
            {
                sum *= Math.Exp((double)largest - blockLargest); // 0 at first
                largest = blockLargest;
                top = start + block.IndexOf(blockLargest);
            }

            TokenHeap.Offer(clean, start, start + block.Length, heap, ref count);
            sum += TokenScan.SumExponentials(block, largest);
        }

        double logSum = Math.Log(sum);
        confidence = (float)(1 / sum);
        double leader = StepsBelow(plan, logSum);
        for (int i = 0; i < heap.Length; i++)
        {
            double steps = StepsBelow(plan, logSum + ((double)largest - clean[heap[i]]));
            steps = heap[i] == top ? leader : Math.Max(steps, leader + 1);
            keys[i] = (steps * MostVocabulary) + heap[i];
        }

        fault = default;
        return true;
    }

    private static double StepsBelow(TokenLogitsPlan plan, double below) => Math.Round(Math.Clamp(below, 0, -LeastLogProbability) * plan.Units);

    private static int TokenOf(double key) => (int)((long)key & (MostVocabulary - 1));

    private static float LogProbabilityOf(TokenLogitsPlan plan, double key) => (float)-((long)key / MostVocabulary / (double)plan.Units) + 0f;

    private static OutputFault FindFault(ReadOnlySpan<float> block, int start)
    {
        int i = 0;
        while (float.IsFinite(block[i]))
        {
            i++;
        }

        return OutputFault.NotFinite(start + i, block[i]);
    }
}
