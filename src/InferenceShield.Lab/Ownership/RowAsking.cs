using System.Globalization;

namespace InferenceShield.Lab;

/// <summary>Asks a suspect rows, as far as it answers, and keeps what it says.</summary>
internal static class RowAsking
{
    /// <summary>Asks what has not been answered yet.</summary>
    /// <param name="suspect">Asked in batches, one after another.</param>
    /// <param name="queries">Rows.</param>
    /// <param name="order">Which of them are asked, in their order.</param>
    /// <param name="classes">The suspect's; 0 if answers are embeddings.</param>
    /// <param name="asking">The batches, the longest wait and the file of answers are taken from it.</param>
    /// <param name="notes">Gets what has to be said of the asking.</param>
    /// <param name="progress">Told after each batch; null for nobody.</param>
    /// <param name="cancellationToken">Ends the asking; answers in the file stay.</param>
    /// <returns>The answers, sound and unsound, of those that were answered.</returns>
    /// <exception cref="OracleException">The suspect answered nothing at all, or more than a tenth of its answers are none.</exception>
    public static async Task<AnswerStore> AskAsync(
        Suspect suspect, Dataset queries, int[] order, int classes, SuspectLabelRequest asking, List<string> notes, IProgress<VerificationProgress>? progress, CancellationToken cancellationToken)
    {
        AnswerStore store = AnswerStore.Open(asking.AnswersFile, asking.Resume, AnswerStore.DigestOf(queries, suspect), suspect.Oracle.AnswerLength);
        try
        {
            if (store.Dropped > 0)
            {
                notes.Add("The last line of the kept answers was cut short; it was dropped and its query is asked again.");
            }

            int[] open = [.. order.Where(row => !store.Answers.ContainsKey(row))];
            if (store.Answers.Count > 0)
            {
                notes.Add(Say($"{order.Length - open.Length} answers were kept from before."));
            }

            await AskAsync(suspect, queries, order.Length, open, classes, asking, store, notes, progress, cancellationToken).ConfigureAwait(false);
            return store;
        }
        catch
        {
            store.Dispose();
            throw;
        }
    }

    private static async Task AskAsync(
        Suspect suspect, Dataset queries, int total, int[] open, int classes, SuspectLabelRequest asking, AnswerStore store, List<string> notes, IProgress<VerificationProgress>? progress,
        CancellationToken cancellationToken)
    {
        RetryOracle oracle = new(suspect.Oracle, asking.LongestWait);
        float[] answers = new float[asking.RowsPerCall * oracle.AnswerLength];
        UnsoundAnswers unsound = new(suspect);
        foreach ((int row, float[] answer) in store.Answers)
        {
            unsound.IsSound(answer, row, classes);
        }

        for (int first = 0; first < open.Length;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int[] rows = open[first..Math.Min(open.Length, first + asking.RowsPerCall)];
            string? end = null;
            int got = 0;
            try
            {
                OracleReply reply = await oracle.AskAsync(queries.Select(rows).Values, answers, cancellationToken).ConfigureAwait(false);
                got = reply.Answered;
                end = got == rows.Length ? null : Say($"it refuses, and asks to come back in {reply.RetryAfter.TotalSeconds:0} s");
            }
            catch (Exception exception) when (exception is OracleException or ExtractionException or IOException or TimeoutException or HttpRequestException)
            {
                end = exception.Message.TrimEnd('.');
                if (store.Answers.Count == 0)
                {
                    throw;
                }
            }

            for (int i = 0; i < got; i++)
            {
                unsound.IsSound(answers.AsSpan(i * oracle.AnswerLength, oracle.AnswerLength), rows[i], classes);
            }

            store.Append(rows.AsSpan(0, got), answers.AsSpan(0, got * oracle.AnswerLength));
            unsound.RequireFew(total); // no need to ask on; what was asked is kept
            first += got;
            progress?.Report(new VerificationProgress(total - open.Length + first, total));
            if (end is not null)
            {
                notes.Add(Say($"'{suspect.Name}' stopped answering after {store.Answers.Count} of {total} queries: {end}. {(asking.AnswersFile is null ? "Give an answers file to go on another time" : "The answers are kept; go on later with resume")}."));
                if (store.Answers.Count == 0)
                {
                    throw new OracleException($"'{suspect.Name}' answered nothing: {end}. Try again later.");
                }

                return;
            }
        }
    }

    private static string Say(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
