using System.Globalization;

namespace InferenceShield.Lab;

/// <summary>Tests whether a model is a copy of one whose embeddings carry a direction mark.</summary>
/// <remarks>The test is <see cref="DirectionMarkTest"/>; asking, calibration on random keys, controls, verdict and report are as those of <see cref="OwnershipVerifier"/>. The same
/// request, suspect and seed give the same report, apart from its time. Thread-safe.</remarks>
public static class EmbeddingVerifier
{
    private const string Test = DirectionMarkTest.Name;
    private const int Batch = 256;

    /// <summary>Below this share of its variance a model's embeddings have next to nothing in common with the target's.</summary>
    private const double LeastExplained = 0.1;

    /// <summary>Says how many queries are needed. Asks nobody.</summary>
    /// <param name="request">What a suspect would be tested with.</param>
    /// <exception cref="ArgumentException">Something in the request is at fault.</exception>
    public static VerificationPlan Plan(EmbeddingVerificationRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        request.Validate();
        int given = VerificationSetup.Distinct(request.Queries).Count;
        int asked = Math.Min(given, request.MostQueries ?? given);
        int needed = DirectionMarkTest.NeededProbes(request.Mark, request.Target.AnswerLength, request.Target.AnswerLength, request.WantedPValue);
        string[] missing = 1.0 / (1 + request.Keys) <= request.WantedPValue ? []
            : [Say($"{Test}: the p-value is a rank among {request.Keys:N0} random keys, and so many cannot give less than {1.0 / (1 + request.Keys):0.0e+0}.")];
        return new VerificationPlan(given, asked, [new PowerEstimate(Test, double.NaN, request.WantedPValue, asked, needed, needed == CellPower.Never ? null : needed)], missing);
    }

    /// <summary>Asks a suspect and tests its embeddings.</summary>
    /// <param name="request">What to test it with.</param>
    /// <param name="suspect">Answers with embeddings of any dimension from 2 on; asked in batches, one after another.</param>
    /// <param name="progress">Told after each batch; null for nobody.</param>
    /// <param name="cancellationToken">Ends the asking. Answers in <see cref="EmbeddingVerificationRequest.AnswersFile"/> stay.</param>
    /// <returns>What was found. A suspect that stops answering gives a report on what it answered, which says so.</returns>
    /// <exception cref="ArgumentException">Something in the request is at fault, there are too few queries, shapes do not fit the target's, or a control does another task.</exception>
    /// <exception cref="OracleException">A model answered nothing, or with what is no answer.</exception>
    /// <exception cref="InvalidDataException">The kept answers are damaged, or of other queries.</exception>
    /// <remarks>Cost: the queries, and for each random key three products a query, direction and number.</remarks>
    public static async Task<VerificationReport> VerifyAsync(
        EmbeddingVerificationRequest request, Suspect suspect, IProgress<VerificationProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(suspect);
        request.Validate();
        request.RequireModel($"'{suspect.Name}'", suspect.Oracle);
        Dataset queries = VerificationSetup.Distinct(request.Queries);
        int[] order = [.. Enumerable.Range(0, queries.Count)];
        new SeededRandom(request.Seed, stream: 0x61736b).Shuffle(order);
        order = order[..Math.Min(order.Length, request.MostQueries ?? order.Length)];
        int dimension = request.Target.AnswerLength;
        int fewest = request.Controls.Select(static control => control.Model.AnswerLength).Append(suspect.Oracle.AnswerLength).Max(length => DirectionMarkTest.FewestProbes(dimension, length));
        if (order.Length < fewest)
        {
            throw new ArgumentException(Say($"{order.Length} different queries are too few for embeddings of {dimension} and {suspect.Oracle.AnswerLength} numbers: the test needs {fewest - order.Length} more. Give more, or raise the most that are asked."));
        }

        List<string> notes = [];
        float[] clean = await EmbedAsync(request.Target, queries, "The target", cancellationToken).ConfigureAwait(false);
        SuspectLabelRequest asking = new() { RowsPerCall = request.RowsPerCall, LongestWait = request.LongestWait, AnswersFile = request.AnswersFile, Resume = request.Resume };
        int[] rows;
        float[] answers;
        using (AnswerStore store = await RowAsking.AskAsync(suspect, queries, order, classes: 0, asking, notes, progress, cancellationToken).ConfigureAwait(false))
        {
            (rows, answers) = Read(suspect, store, order, notes);
        }

        float[] own = Gather(clean, dimension, rows);
        (OwnershipTestResult result, RecordedTest? recorded) = rows.Length < fewest
            ? (Nothing(request, rows.Length, fewest), null)
            : await RunAsync(request, suspect, queries.Select(rows), own, answers, notes, cancellationToken).ConfigureAwait(false);
        return OwnershipVerifier.Judge(new VerificationReport
        {
            Model = request.Key.Model,
            Suspect = suspect.Name,
            SuspectIdentity = suspect.Identity,
            Commitment = request.Commitment,
            OtherCommitments = [.. request.OtherCommitments],
            Binding = OwnershipVerifier.Count(request.Binding, queries.Count, rows.Length >= queries.Count),
            Time = request.Time.GetUtcNow(),
            Version = typeof(EmbeddingVerifier).Assembly.GetName().Version?.ToString(3) ?? "",
            Seed = request.Seed,
            Tests = [result],
            Queries = rows.Length,
            Controls = [.. request.Controls.Select(static control => control.Name)],
            Notes = notes,
            Record = recorded is null ? null : new VerificationRecord(suspect.Name, VerificationRecord.DigestOf(queries), [recorded]),
            Words = "",
            Limits = [],
        });
    }

    private static async Task<(OwnershipTestResult Result, RecordedTest Recorded)> RunAsync(
        EmbeddingVerificationRequest request, Suspect suspect, Dataset rows, float[] clean, float[] answers, List<string> notes, CancellationToken cancellationToken)
    {
        int dimension = request.Target.AnswerLength;
        List<double> controls = [];
        foreach (EmbeddingControl control in request.Controls)
        {
            string name = $"Control '{control.Name}'";
            float[] theirs = await EmbedAsync(control.Model, rows, name, cancellationToken).ConfigureAwait(false);
            DirectionMarkTest other = new(clean, dimension, theirs, control.Model.AnswerLength);
            if (other.Explained < LeastExplained)
            {
                throw new ArgumentException(Say($"{name} does another task: an affine map of the target's embeddings explains only {100 * other.Explained:0.0} % of its own, so it says nothing of what independent models show. Give one that was trained for this task, and its embedding."));
            }

            (double fits, double[] others) = other.Measure(request.Key, request.Mark, request.ControlKeys, request.Seed, cancellationToken);
            controls.Add(KeyCalibration.Rank(fits, others).PValue);
        }

        DirectionMarkTest test = new(clean, dimension, answers, suspect.Oracle.AnswerLength);
        notes.Add(Say($"An affine map of the target's embeddings explains {100 * test.Explained:0.0} % of the suspect's; what it leaves over is tested.{(test.Explained < LeastExplained ? " That is next to nothing: the suspect does another task, or its answers are no embeddings of these rows." : "")}"));
        (double own, double[] random) = test.Measure(request.Key, request.Mark, request.Keys, request.Seed, cancellationToken);
        (double z, double pValue, double share) = KeyCalibration.Rank(own, random);
        return (
            new OwnershipTestResult(
                Test, test.Probes, DirectionMarkTest.NeededProbes(request.Mark, dimension, suspect.Oracle.AnswerLength, VerdictRules.Copying), z, 0, z, z - 1.959964, z + 1.959964, "z against random keys",
                pValue, PValueMethod.RandomKeys, random.Length, share, controls, DirectionMarkTest.Note),
            new RecordedTest { Test = Test, Own = own, Random = random });
    }

    /// <summary>Of too few answers nothing is measured.</summary>
    private static OwnershipTestResult Nothing(EmbeddingVerificationRequest request, int answered, int fewest) => new(
        Test, 0, fewest - answered, double.NaN, 0, double.NaN, double.NaN, double.NaN, "z against random keys", double.NaN, PValueMethod.RandomKeys, request.Keys, double.NaN, [],
        Say($"{answered} answers are too few for a regression; {fewest} are the least."));

    /// <summary>The sound answers and their queries.</summary>
    private static (int[] Rows, float[] Answers) Read(Suspect suspect, AnswerStore store, int[] order, List<string> notes)
    {
        UnsoundAnswers unsound = new(suspect);
        int[] given = [.. order.Where(store.Answers.ContainsKey)];
        int[] rows = [.. given.Where(row => unsound.IsSound(store.Answers[row], row, classes: 0))];
        unsound.RequireFew(given.Length);
        if (unsound.Note(given.Length, "unanswered") is { } note)
        {
            notes.Add(note);
        }

        return (rows, [.. rows.SelectMany(row => store.Answers[row])]);
    }

    /// <summary>All rows' embeddings, of a model that has to answer every one.</summary>
    private static async Task<float[]> EmbedAsync(IOracle model, Dataset rows, string name, CancellationToken cancellationToken)
    {
        int length = model.AnswerLength;
        float[] answers = new float[rows.Count * length];
        for (int first = 0; first < rows.Count;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int count = Math.Min(Batch, rows.Count - first);
            OracleReply reply = await model.AskAsync(rows.Slice(first, count).Values, answers.AsMemory(first * length, count * length), cancellationToken).ConfigureAwait(false);
            first += reply.Answered == count ? count
                : throw new OracleException(Say($"{name} answered {reply.Answered} of {count} rows. Give a model that answers every row."));
        }

        int bad = answers.AsSpan().IndexOfAnyExceptInRange(float.MinValue, float.MaxValue);
        return bad < 0 ? answers
            : throw new ArgumentException(Say($"{name} answers row {bad / length} with a number that is not finite at place {bad % length}. Leave the row out of the queries."));
    }

    private static float[] Gather(float[] values, int width, int[] rows)
    {
        float[] gathered = new float[rows.Length * width];
        for (int i = 0; i < rows.Length; i++)
        {
            values.AsSpan(rows[i] * width, width).CopyTo(gathered.AsSpan(i * width));
        }

        return gathered;
    }

    private static string Say(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
