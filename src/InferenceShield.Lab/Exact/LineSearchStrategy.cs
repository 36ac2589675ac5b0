using System.Numerics.Tensors;

namespace InferenceShield.Lab;

/// <summary>Asks along lines between inputs of different labels, closer and closer to where the label changes.</summary>
/// <remarks>What labels tell most is where they change. Pairs come from the pool, or from the box -1..1 without one; each takes 2 queries and
/// 8 halvings, and everything that was asked is in the transcript. After Lowd and Meek, "Adversarial Learning", KDD 2005, for any number
/// of classes.</remarks>
public sealed class LineSearchStrategy : IQueryStrategy
{
    private const int Batch = 64;
    private const int Halvings = 8;

    /// <inheritdoc/>
    public string Name => "line-search";

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The pool does not fit the oracle.</exception>
    public async Task<Transcript> AskAsync(IOracle oracle, QueryContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(oracle);
        ArgumentNullException.ThrowIfNull(context);
        int length = oracle.InputLength;
        InputBox box = new(context, length);
        SeededRandom random = new(context.Seed, stream: 45);
        Transcript transcript = new(length, oracle.AnswerLength);
        int left = context.Budget;
        while (left > 0)
        {
            float[] rows = new float[Math.Min(Batch, left) * length];
            TensorPrimitives.ConvertTruncating<double, float>(box.Pick(rows.Length / length, ref random), rows);
            int[] labels = await AskLabelsAsync(rows).ConfigureAwait(false);
            int[] pairs = [.. Enumerable.Range(0, labels.Length / 2).Select(i => 2 * i).Where(i => labels[i] != labels[i + 1])];
            for (int step = 0; step < Halvings && pairs.Length > 0 && left > 0; step++)
            {
                pairs = pairs[..Math.Min(pairs.Length, left)];
                float[] middles = new float[pairs.Length * length];
                for (int i = 0; i < middles.Length; i++)
                {
                    int at = (pairs[i / length] * length) + (i % length);
                    middles[i] = (rows[at] + rows[at + length]) / 2;
                }

                int[] found = await AskLabelsAsync(middles).ConfigureAwait(false);
                pairs = pairs[..found.Length];
                for (int i = 0; i < found.Length; i++)
                {
                    int replaced = pairs[i] + (found[i] == labels[pairs[i]] ? 0 : 1);
                    middles.AsSpan(i * length, length).CopyTo(rows.AsSpan(replaced * length));
                    labels[replaced] = found[i];
                }
            }
        }

        return transcript;

        async ValueTask<int[]> AskLabelsAsync(float[] inputs)
        {
            float[] answers = new float[inputs.Length / length * oracle.AnswerLength];
            OracleReply reply = await oracle.AskAsync(inputs, answers, cancellationToken).ConfigureAwait(false);
            left -= inputs.Length / length;
            transcript.Add(inputs.AsSpan(0, reply.Answered * length), answers.AsSpan(0, reply.Answered * oracle.AnswerLength));
            return [.. Enumerable.Range(0, reply.Answered).Select(row =>
                TensorPrimitives.IndexOfMax<float>(answers.AsSpan(row * oracle.AnswerLength, oracle.AnswerLength)))];
        }
    }
}
