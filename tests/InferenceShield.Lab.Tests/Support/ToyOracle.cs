namespace InferenceShield.Lab.Tests;

/// <summary>Oracles over rows of two values that answer with twice the first and its negative.</summary>
internal static class ToyOracle
{
    public const int InputLength = 2;

    public const int AnswerLength = 2;

    /// <summary>Answers everything, on a clock that jumps.</summary>
    public static IOracle Open(TimeProvider? time = null) => Of(static rows => new OracleReply(rows), time ?? new SimulatedTimeProvider());

    /// <summary>Replies as told, and answers that many rows.</summary>
    /// <param name="reply">From the rows of a batch.</param>
    /// <param name="time">Its clock.</param>
    public static IOracle Of(Func<int, OracleReply> reply, TimeProvider time) => new DelegateOracle(
        InputLength,
        AnswerLength,
        (inputs, answers, _) =>
        {
            OracleReply said = reply(inputs.Length / InputLength);
            for (int row = 0; row < said.Answered; row++)
            {
                answers.Span[row * 2] = 2 * inputs.Span[row * 2];
                answers.Span[(row * 2) + 1] = -inputs.Span[row * 2];
            }

            return ValueTask.FromResult(said);
        },
        time);

    /// <summary>Rows whose first values are the numbers from <paramref name="start"/> on.</summary>
    public static Dataset Rows(int start, int count) =>
        new("toy", Enumerable.Range(start, count).SelectMany(i => new float[] { i, 0.5f }).ToArray(), InputLength);

    /// <summary>Asks and checks the answers.</summary>
    public static async Task<OracleReply> AskAsync(IOracle oracle, Dataset rows)
    {
        float[] answers = new float[rows.Count * AnswerLength];
        OracleReply reply = await oracle.AskAsync(rows.Values, answers, default);
        for (int row = 0; row < reply.Answered; row++)
        {
            Assert.Equal([2 * rows.GetRow(row)[0], -rows.GetRow(row)[0]], answers.AsSpan(row * 2, 2).ToArray());
        }

        return reply;
    }
}
