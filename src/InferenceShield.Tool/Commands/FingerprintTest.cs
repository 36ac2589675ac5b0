using System.Globalization;
using InferenceShield.Lab;

namespace InferenceShield.Tool;

/// <summary>The test of <c>verify --fingerprint</c>: rows with true labels in three parts, one to choose inputs from, one to train the models that choose them, and one
/// to train controls on, so that no control knows a row that inputs were chosen by.</summary>
internal sealed class FingerprintTest
{
    private const int FewestRows = 120;
    private const int FewestControls = 5;
    private const int MostSure = 200;
    private const float Confident = 0.9f;
    private const ulong Seed = 1;
    private const ulong FirstHelper = 1_000;

    /// <summary>Hidden layers of the models that the fingerprint is made with, of which there is a copy and an independent one each.</summary>
    private static readonly int[][] s_helpers = [[32], [64], [128], [256], [64, 64], [128, 64]];

    private readonly OnnxClassifier _target;
    private readonly Dataset _probes;
    private readonly Dataset _making;
    private Fingerprint? _fingerprint;
    private int _controls;

    private FingerprintTest(OnnxClassifier target, Dataset data)
    {
        _target = target;
        int part = data.Count / 3;
        Dataset rows = data.Shuffle(Seed);
        _probes = rows.Slice(0, part);
        _making = rows.Slice(part, part);
        ControlRows = rows.Slice(2 * part, part);
    }

    /// <summary>What control models are trained on.</summary>
    public Dataset ControlRows { get; }

    /// <summary>What is said before anybody is asked.</summary>
    public string Plan => Say($"The fingerprint asks at most {Most(_probes.Count).Sum()} queries more, for labels only. With {_controls} controls its p-value cannot be below {1.0 / (1 + _controls):0.0000}; 19 reach .05, 99 reach .01.");

    /// <param name="request">Whose control data are read.</param>
    /// <param name="target">The protected model. Not disposed of.</param>
    /// <param name="data">Rows with true labels, none of which the target was trained on.</param>
    public static FingerprintTest Of(VerifyRequest request, OnnxClassifier target, Dataset data)
    {
        string path = request.ControlData!;
        if (data.Width != target.InputLength)
        {
            throw new MistakeException($"Rows of '{path}' have {data.Width} values; the model takes {target.InputLength}.");
        }

        if (!data.HasLabels || data.ClassCount > target.ClassCount)
        {
            throw new MistakeException(data.HasLabels ? $"Labels of '{path}' go up to {data.ClassCount - 1}; the model has {target.ClassCount} classes." : $"'{path}' has no labels. A fingerprint needs true ones: give --control-labels, or --label-column.");
        }

        if (data.Count < FewestRows)
        {
            throw new MistakeException($"'{path}' has {data.Count} rows; a fingerprint needs at least {FewestRows}, and is the better the more there are. Give more with --control-data.");
        }

        int controls = request.Controls.Count + request.TrainControls;
        return controls >= FewestControls
            ? new FingerprintTest(target, data) { _controls = controls }
            : throw new MistakeException($"--fingerprint compares the suspect with at least {FewestControls} independent models, and there are {controls}. Give more with --control or --train-controls; 19 are needed for a p-value of .05, 99 for .01.");
    }

    /// <summary>What has to be said of the controls.</summary>
    public static string NoteOf(VerifyRequest request) => request.TrainControls == 0
        ? "Fingerprint: its p-value holds if the suspect, were it independent, could as well be one of the controls: of the same task, of like accuracy, and not trained on the control data."
        : Say($"Fingerprint: {request.TrainControls} of the controls were trained here on a third of the control data. An honest suspect of more data agrees with any good model more than they do, and then p is too small: give models of like accuracy with --control.");

    /// <summary>Makes the fingerprint, once, and tests a suspect.</summary>
    public async Task<OwnershipTestResult> RunAsync(Suspect suspect, IReadOnlyList<VerificationControl> controls, SuspectLabelRequest asking, CancellationToken cancellationToken)
    {
        _fingerprint ??= Make(cancellationToken);
        string? map = asking.ClassMap is { } stated && !stated.SequenceEqual(Enumerable.Range(0, _target.ClassCount)) ? await RequireMapAsync(suspect, stated, asking, cancellationToken).ConfigureAwait(false) : null;
        (int[] labels, string? note) = await SuspectLabels.AskAsync(suspect, _fingerprint.Inputs, _target.ClassCount, asking, cancellationToken).ConfigureAwait(false);
        OwnershipTestResult result = _fingerprint.Compare(_fingerprint.MeasureLabels(labels), [.. controls.Select(control => _fingerprint.Measure(control.Model))]);
        return result with { Note = string.Join(' ', new[] { result.Note, note, map }.OfType<string>()) };
    }

    /// <summary>Holds a map that was given against rows that the target is sure of, as tests of marks do: of the many there are one may fit the fingerprint.</summary>
    /// <returns>What has to be said of it.</returns>
    private async Task<string> RequireMapAsync(Suspect suspect, IReadOnlyList<int> map, SuspectLabelRequest asking, CancellationToken cancellationToken)
    {
        float[] clean = new float[_probes.Count * _target.ClassCount];
        _target.Classify(_probes.Values.Span, clean);
        float[][] scores = [.. clean.Chunk(_target.ClassCount)];
        int[] sure = [.. Enumerable.Range(0, _probes.Count).Where(row => scores[row].Max() >= Confident).Take(MostSure)];
        int agreeing = 0;
        if (sure.Length > 0)
        {
            SuspectLabelRequest classes = asking with { AnswersFile = asking.AnswersFile is { } file ? Path.ChangeExtension(file, ".classes.txt") : null };
            (int[] labels, _) = await SuspectLabels.AskAsync(suspect, _probes.Select(sure), _target.ClassCount, classes, cancellationToken).ConfigureAwait(false);
            agreeing = sure.Where((row, i) => labels[i] == Array.IndexOf(scores[row], scores[row].Max())).Count();
        }

        double share = agreeing / (double)Math.Max(1, sure.Length);
        return sure.Length >= VerificationSetup.FewestProbes && share < VerificationSetup.LeastAgreement
            ? throw new MistakeException(Say($"With the class map {string.Join(",", map)} '{suspect.Name}' agrees with the target on only {100 * share:0.0} % of {sure.Length} rows of --control-data that the target is sure of. Give its true map."))
            : Say($"Classes are taken by the map {string.Join(",", map)}, which was given and not found: the suspect agrees on {100 * share:0.0} % of {sure.Length} rows that the target is sure of. Whoever gives a map chooses one of many, and the p-value does not know of it.");
    }

    private Fingerprint Make(CancellationToken cancellationToken)
    {
        IClassifier[] independents = new IClassifier[s_helpers.Length];
        IClassifier[] copies = new IClassifier[s_helpers.Length];
        for (int i = 0; i < s_helpers.Length; i++)
        {
            // Both on the same rows and from the same weights: nothing but the target's labels tells them apart.
            ulong seed = FirstHelper + (ulong)i;
            Dataset rows = _making.Shuffle(seed).Slice(0, _making.Count / 2);
            float[] truth = new float[rows.Count * _target.ClassCount];
            float[] answers = new float[truth.Length];
            for (int row = 0; row < rows.Count; row++)
            {
                truth[(row * _target.ClassCount) + rows.Labels.Span[row]] = 1;
            }

            _target.Classify(rows.Values.Span, answers);
            independents[i] = Train(rows, truth, s_helpers[i], seed, cancellationToken);
            copies[i] = Train(rows, answers, s_helpers[i], seed, cancellationToken);
        }

        int[] most = Most(_probes.Count);
        return Fingerprint.Make(_target, _probes, independents, copies, new FingerprintOptions { Mistakes = most[0], Conferrable = most[1] }, Seed);
    }

    private Surrogate Train(Dataset rows, float[] answers, int[] hidden, ulong seed, CancellationToken cancellationToken) => SurrogateTrainer.Train(
        rows.Values.Span, answers, rows.Width, _target.ClassCount, new SurrogateOptions { Hidden = [.. hidden], Loss = SurrogateLoss.HardLabels }, seed, Environment.ProcessorCount, cancellationToken);

    /// <summary>Mistakes, conferrable inputs.</summary>
    private static int[] Most(int probes) => [Math.Min(600, probes), Math.Min(400, probes)];

    private static string Say(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
