using System.Globalization;

namespace InferenceShield.Lab;

/// <summary>Asks a suspect for its labels of some rows: all of them, or none.</summary>
internal static class SuspectLabels
{
    /// <summary>Asks what was not answered before.</summary>
    /// <param name="suspect">Asked in batches, one after another.</param>
    /// <param name="rows">What it is asked.</param>
    /// <param name="classes">The target's.</param>
    /// <param name="request">The class map, the batches, the longest wait and the file of answers are taken from it.</param>
    /// <param name="cancellationToken">Ends the asking; answers in the file stay.</param>
    /// <returns>A label of the target for each row, -1 for a class that it has not or for what is no answer; and what has to be said of those.</returns>
    /// <exception cref="OracleException">The suspect did not answer every row, or more than a tenth of its answers are none.</exception>
    public static async Task<(int[] Labels, string? Note)> AskAsync(Suspect suspect, Dataset rows, int classes, SuspectLabelRequest request, CancellationToken cancellationToken)
    {
        if (request.RowsPerCall is < 1 or > 4096)
        {
            throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"RowsPerCall is {request.RowsPerCall}; allowed are 1 to 4096."));
        }

        if (suspect.Oracle.InputLength != rows.Width)
        {
            throw new ArgumentException($"'{suspect.Name}' takes rows of {suspect.Oracle.InputLength} values; the target takes {rows.Width}. Only a model with the target's inputs can be tested.");
        }

        int own = suspect.AnswersIndex ? request.ClassMap?.Count ?? classes : suspect.Oracle.AnswerLength;
        if (request.ClassMap is { } map)
        {
            ClassMap.Require(map, own, classes);
        }
        else if (own != classes)
        {
            throw new ArgumentException($"'{suspect.Name}' answers with {own} classes; the target has {classes}. Give a class map: for each class of the suspect the target's, or -1 for none.");
        }

        using AnswerStore store = AnswerStore.Open(request.AnswersFile, request.Resume, AnswerStore.DigestOf(rows, suspect), suspect.Oracle.AnswerLength);
        int[] open = [.. Enumerable.Range(0, rows.Count).Where(row => !store.Answers.ContainsKey(row))];
        RetryOracle oracle = new(suspect.Oracle, request.LongestWait);
        int length = oracle.AnswerLength;
        float[] answers = new float[request.RowsPerCall * length];
        for (int first = 0; first < open.Length; first += request.RowsPerCall)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int[] asked = open[first..Math.Min(open.Length, first + request.RowsPerCall)];
            OracleReply reply = await oracle.AskAsync(rows.Select(asked).Values, answers, cancellationToken).ConfigureAwait(false);
            store.Append(asked.AsSpan(0, reply.Answered), answers.AsSpan(0, reply.Answered * length));
            if (reply.Answered < asked.Length)
            {
                throw new OracleException(string.Create(CultureInfo.InvariantCulture,
                    $"'{suspect.Name}' stopped answering after {store.Answers.Count} of the {rows.Count} inputs of the fingerprint: it refuses, and asks to come back in {reply.RetryAfter.TotalSeconds:0} s. The answers are kept; go on later with resume."));
            }
        }

        UnsoundAnswers unsound = new(suspect);
        int[] labels = [.. Enumerable.Range(0, rows.Count).Select(row =>
        {
            int label = unsound.LabelOf(store.Answers[row], row, own);
            return label >= 0 && request.ClassMap is { } to ? to[label] : label;
        })];
        unsound.RequireFew(rows.Count);
        return (labels, unsound.Note(rows.Count, "disagreeing with the target"));
    }
}
