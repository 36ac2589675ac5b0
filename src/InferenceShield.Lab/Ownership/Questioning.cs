using System.Globalization;

namespace InferenceShield.Lab;

/// <summary>Asks a suspect, keeps what it says, and numbers it as the target's classes.</summary>
internal sealed class Questioning
{
    private readonly VerificationSetup _setup;
    private readonly Suspect _suspect;
    private readonly List<string> _notes = [];

    public Questioning(VerificationSetup setup, Suspect suspect)
    {
        _setup = setup;
        _suspect = suspect;
        VerificationRequest request = setup.Request;
        if (suspect.Oracle.InputLength != request.Target.InputLength)
        {
            throw new ArgumentException($"'{suspect.Name}' takes rows of {suspect.Oracle.InputLength} values; the target takes {request.Target.InputLength}. Only a model with the target's inputs can be tested.");
        }

        SuspectClasses = suspect.AnswersIndex ? request.ClassMap?.Count ?? setup.Classes : suspect.Oracle.AnswerLength;
        if (request.ClassMap is { } map)
        {
            ClassMap.Require(map, SuspectClasses, setup.Classes);
        }
        else if (SuspectClasses != setup.Classes)
        {
            throw new ArgumentException($"'{suspect.Name}' answers with {SuspectClasses} classes; the target has {setup.Classes}. Give a class map: for each class of the suspect the target's, or -1 for none.");
        }
    }

    private int SuspectClasses { get; }

    /// <summary>What has to be said of the answers.</summary>
    public IReadOnlyList<string> Notes => _notes;

    /// <summary>Queries that were answered, soundly.</summary>
    public int Answered { get; private set; }

    /// <summary>Class maps there are, where classes are not taken in order: one could have been chosen, or be what chosen probes say.</summary>
    public double Maps { get; private set; } = 1;

    /// <summary>Asks what has not been answered yet.</summary>
    /// <exception cref="OracleException">The suspect answered nothing at all, or more than a tenth of its answers are none.</exception>
    public async Task<SuspectAnswers> AskAsync(IProgress<VerificationProgress>? progress, CancellationToken cancellationToken)
    {
        VerificationRequest request = _setup.Request;
        SuspectLabelRequest asking = new() { RowsPerCall = request.RowsPerCall, LongestWait = request.LongestWait, AnswersFile = request.AnswersFile, Resume = request.Resume };
        using AnswerStore store = await RowAsking.AskAsync(_suspect, _setup.Queries, _setup.Order, SuspectClasses, asking, _notes, progress, cancellationToken).ConfigureAwait(false);
        return Read(store);
    }

    private static string Say(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private SuspectAnswers Read(AnswerStore store)
    {
        int[] labels = new int[_setup.Queries.Count];
        Array.Fill(labels, -1);
        int scored = 0;
        int given = 0;
        UnsoundAnswers unsound = new(_suspect);
        foreach (int row in _setup.Order)
        {
            if (store.Answers.TryGetValue(row, out float[]? answer))
            {
                given++;
                labels[row] = unsound.LabelOf(answer, row, SuspectClasses);
                scored += labels[row] >= 0 && _suspect.HasScores(answer) ? 1 : 0;
                Answered += labels[row] >= 0 ? 1 : 0;
            }
        }

        unsound.RequireFew(given);
        if (unsound.Note(given, "unanswered") is { } note)
        {
            _notes.Add(note);
        }

        IReadOnlyList<int>? map = _setup.Request.ClassMap is { } stated ? RequireMap(stated, labels) : FindMap(labels);
        Maps = map is null || (map.Count == _setup.Classes && map.SequenceEqual(Enumerable.Range(0, map.Count))) ? 1 : ClassMap.Count(SuspectClasses, _setup.Classes);
        float[]? scores = scored > Answered / 2 ? new float[_setup.Queries.Count * _setup.Classes] : null; // a few may well be certain
        foreach (int row in _setup.Order)
        {
            if (labels[row] < 0)
            {
                continue;
            }

            if (scores is not null)
            {
                float[] answer = store.Answers[row];
                for (int i = 0; i < SuspectClasses; i++)
                {
                    int to = map is null ? i : map[i];
                    if (to >= 0)
                    {
                        scores[(row * _setup.Classes) + to] = answer[i];
                    }
                }
            }

            labels[row] = map is null ? labels[row] : map[labels[row]];
        }

        return new SuspectAnswers(labels, scores);
    }

    /// <summary>Holds a map that was given against answers that carry no mark: there are millions, and one that fits the key is soon found.</summary>
    /// <exception cref="ArgumentException">Those answers say that it is none of this suspect.</exception>
    private IReadOnlyList<int> RequireMap(IReadOnlyList<int> map, int[] labels)
    {
        int[] probes = [.. _setup.Order.Where(row => labels[row] >= 0 && _setup.IsProbe(row))];
        double agreeing = probes.Count(row => map[labels[row]] == _setup.CleanLabels[row]) / (double)Math.Max(1, probes.Length);
        if (probes.Length >= VerificationSetup.FewestProbes && agreeing < VerificationSetup.LeastAgreement)
        {
            throw new ArgumentException(Say($"With the class map {string.Join(",", map)} '{_suspect.Name}' agrees with the target on only {100 * agreeing:0.0} % of {probes.Length} confident queries without a mark. Give its true map, or none, and it is looked for."));
        }

        _notes.Add(Say($"Classes are taken by the map {string.Join(",", map)}, which was given and not found: the suspect agrees on {100 * agreeing:0.0} % of {probes.Length} confident queries without a mark. Whoever gives a map chooses one of many, and the p-value does not know of it."));
        return map;
    }

    /// <summary>Compares classes by answers that carry no mark, so that the choice of a map favours no key.</summary>
    private int[]? FindMap(int[] labels)
    {
        int[] probes = [.. _setup.Order.Where(row => labels[row] >= 0 && _setup.IsProbe(row))];
        if (probes.Length < VerificationSetup.FewestProbes)
        {
            _notes.Add(Say($"Classes are taken in order; {probes.Length} confident queries without a mark are too few to check that by. A copy that numbers them otherwise looks innocent so: add rows of your own log (--queries beside --evidence), or give its class map (--class-map)."));
            return null;
        }

        double inOrder = probes.Count(row => labels[row] == _setup.CleanLabels[row]) / (double)probes.Length;
        if (inOrder >= VerificationSetup.LeastAgreement)
        {
            _notes.Add(Say($"Classes are taken in order: the suspect agrees on {100 * inOrder:0.0} % of {probes.Length} confident queries without a mark."));
            return null;
        }

        int[] map = ClassMap.Find([.. probes.Select(row => labels[row])], [.. probes.Select(row => _setup.CleanLabels[row])], _setup.Classes);
        double mapped = probes.Count(row => map[labels[row]] == _setup.CleanLabels[row]) / (double)probes.Length;
        if (mapped >= VerificationSetup.LeastAgreement && probes.Length >= 2 * _setup.Classes)
        {
            _notes.Add(Say($"The suspect numbers classes otherwise. With the map {string.Join(",", map)} it agrees on {100 * mapped:0.0} % of {probes.Length} confident queries without a mark, in order on {100 * inOrder:0.0} %."));
            return map;
        }

        _notes.Add(Say($"Classes are taken in order, but the suspect agrees on only {100 * inOrder:0.0} % of {probes.Length} confident queries without a mark. It has another task, or another order of classes: then give a class map."));
        return null;
    }
}
