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

    private const int Block = GreenList.Block;

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

        Write(plan, keys, released);
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
        if (context.Length < mark.ContextLength)
        {
            return TryHarden(plan, clean, released, out top, out confidence, out fault);
        }

        if (!(mark.WholeList is { } list
            ? TryFind(plan, clean, list, list.FindCell(context[^mark.ContextLength..]), released, out Span<double> keys, out top, out confidence, out fault)
            : TryFindLeading(plan, mark, context, clean, out keys, out top, out confidence, out fault)))
        {
            return false;
        }

        Write(plan, keys, released);
        return true;
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

    private static void Write(TokenLogitsPlan plan, ReadOnlySpan<double> keys, Span<float> released)
    {
        released.Fill(float.NegativeInfinity);
        foreach (double key in keys)
        {
            released[TokenOf(key)] = LogProbabilityOf(plan, key);
        }
    }

    /// <summary>The chosen tokens as keys: steps below 0 and token in one number, exact in a double.</summary>
    private static bool TryFind(
        TokenLogitsPlan plan, ReadOnlySpan<float> clean, out Span<double> keys, out int top, out float confidence, out OutputFault fault) =>
        TryFind(plan, clean, null, default, default, out keys, out top, out confidence, out fault);

    /// <summary>The same of a row that is marked block by block on the way, while the block is in the first cache.</summary>
    private static bool TryFind(
        TokenLogitsPlan plan, ReadOnlySpan<float> clean, GreenList? list, Hash128 cell, Span<float> marked, out Span<double> keys, out int top, out float confidence, out OutputFault fault)
    {
        keys = default;
        confidence = 0;
        if (!TryScan(plan, clean, list, cell, marked, out Span<int> heap, out top, out float largest, out double sum, out fault))
        {
            return false;
        }

        ReadOnlySpan<float> row = list is null ? clean : marked;
        keys = HardeningScratch.ForThisThread.Distribution(heap.Length);
        double logSum = Math.Log(sum);
        confidence = (float)(1 / sum);
        for (int i = 0; i < heap.Length; i++)
        {
            keys[i] = KeyOf(plan, heap[i], heap[i] == top, logSum, (double)largest - row[heap[i]]);
        }

        return true;
    }

    /// <summary>The same of a row whose leading tokens are marked: the sum and the leaders follow from what is moved, without another pass of exponentials.</summary>
    private static bool TryFindLeading(
        TokenLogitsPlan plan, TokenWatermark mark, ReadOnlySpan<int> context, ReadOnlySpan<float> clean, out Span<double> keys, out int top, out float confidence, out OutputFault fault)
    {
        keys = default;
        confidence = 0;
        if (!TryScan(plan, clean, null, default, default, out Span<int> heap, out top, out float largest, out double sum, out fault))
        {
            return false;
        }

        // The marked ones, then those that lead without being among them: nobody else can lead now.
        Span<int> tokens = stackalloc int[LeadingTokens.Most + TokenLogitsPlan.MostTokens];
        Span<float> logits = stackalloc float[LeadingTokens.Most + TokenLogitsPlan.MostTokens];
        int marked = mark.MarkLeading(clean, largest, context, tokens, logits);
        int count = marked;
        foreach (int token in heap)
        {
            if (tokens[..marked].BinarySearch(token) < 0)
            {
                tokens[count] = token;
                logits[count++] = clean[token];
            }
        }

        float markedLargest = TokenScan.FindLargest(logits[..count], out _);
        Span<float> before = stackalloc float[LeadingTokens.Most];
        for (int i = 0; i < marked; i++)
        {
            before[i] = clean[tokens[i]];
        }

        sum = (Math.Max(0, sum - TokenScan.SumExponentials(before[..marked], largest)) * Math.Exp((double)largest - markedLargest))
            + TokenScan.SumExponentials(logits[..marked], markedLargest);
        double logSum = Math.Log(sum);
        confidence = (float)(1 / sum);
        int first = logits[..count].IndexOf(markedLargest);
        int kept = 0;
        TokenHeap.Offer(logits, 0, count, heap, ref kept);
        top = tokens[first];
        keys = HardeningScratch.ForThisThread.Distribution(heap.Length);
        for (int i = 0; i < heap.Length; i++)
        {
            keys[i] = KeyOf(plan, tokens[heap[i]], heap[i] == first, logSum, (double)markedLargest - logits[heap[i]]);
        }

        return true;
    }

    /// <summary>The one pass over a row: its leaders, its largest and the sum of exponentials.</summary>
    private static bool TryScan(
        TokenLogitsPlan plan, ReadOnlySpan<float> clean, GreenList? list, Hash128 cell, Span<float> marked,
        out Span<int> heap, out int top, out float largest, out double sum, out OutputFault fault)
    {
        if (clean.Length < plan.Tokens || clean.Length > MostVocabulary)
        {
            throw new ArgumentException(
                $"A row of {clean.Length} logits cannot be released with {plan.Tokens} tokens: a vocabulary has at least as many, and at most {MostVocabulary}.", nameof(clean));
        }

        ReadOnlySpan<float> row = list is null ? clean : marked;
        heap = HardeningScratch.ForThisThread.Indices(plan.Tokens);
        int count = 0;
        largest = float.NegativeInfinity;
        sum = 0;
        top = 0;
        for (int start = 0; start < row.Length; start += Block)
        {
            int length = Math.Min(Block, row.Length - start);
            ReadOnlySpan<float> block = row.Slice(start, length);
            list?.MarkBlock(cell, start, clean.Slice(start, length), marked.Slice(start, length));
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

            TokenHeap.Offer(row, start, start + block.Length, heap, ref count);
            sum += TokenScan.SumExponentials(block, largest);
        }

        fault = default;
        return true;
    }

    private static double KeyOf(TokenLogitsPlan plan, int token, bool leads, double logSum, double below)
    {
        double leader = StepsBelow(plan, logSum);
        double steps = leads ? leader : Math.Max(StepsBelow(plan, logSum + below), leader + 1);
        return (steps * MostVocabulary) + token;
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
