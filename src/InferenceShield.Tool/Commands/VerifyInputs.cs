using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using InferenceShield.Lab;

namespace InferenceShield.Tool;

/// <summary>Reads what <c>verify</c> needs besides the suspects, and checks that it belongs together.</summary>
internal sealed class VerifyInputs : IDisposable
{
    /// <summary>Their p-values are exact.</summary>
    private const int DefaultTokenKeys = 1000;

    /// <summary>The only number of random keys that a bound run may have beside the default: else one could stop at a lucky one.</summary>
    private const int BoundKeys = 100_000;

    /// <summary>What <c>--match</c> is where it is not given.</summary>
    public const double DefaultMatch = 0.7;

    private readonly List<IDisposable> _owned = [];
    private readonly List<string> _notes = [];

    private VerifyInputs()
    {
    }

    /// <summary>Null where there are no marks to test.</summary>
    public VerificationRequest? Verification { get; private set; }

    /// <summary>In its place where the output is of embeddings; else null.</summary>
    public EmbeddingVerificationRequest? Embeddings { get; private set; }

    /// <summary>The output that <see cref="Embeddings"/> are of.</summary>
    public string EmbeddingOutput { get; private set; } = "";

    /// <summary>Null where none was asked for.</summary>
    public FingerprintTest? Fingerprint { get; private set; }

    public IReadOnlyList<VerificationControl> Controls { get; private set; } = [];

    /// <summary>Results that ask nobody.</summary>
    public IReadOnlyList<OwnershipTestResult> Further { get; private set; } = [];

    /// <summary>Of the commitment that was opened, where <see cref="Verification"/> does not have it.</summary>
    public string Commitment { get; private set; } = "";

    /// <summary>The ids of the claimant's other commitments.</summary>
    public IReadOnlyList<string> OtherCommitments { get; private set; } = [];

    /// <summary>What the model is called.</summary>
    public string Model { get; private set; } = "";

    /// <summary>What has to be said of what was read.</summary>
    public IReadOnlyList<string> Notes => _notes;

    /// <summary>Who was given the marked answers; empty without a list of marked queries.</summary>
    public IReadOnlyList<CallerAttribution> Callers { get; private set; } = [];

    public static VerifyInputs Open(VerifyRequest request, CancellationToken cancellationToken)
    {
        VerifyInputs inputs = new();
        try
        {
            inputs.Read(request, cancellationToken);
            return inputs;
        }
        catch
        {
            inputs.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        foreach (IDisposable one in _owned)
        {
            one.Dispose();
        }
    }

    private void Read(VerifyRequest request, CancellationToken cancellationToken)
    {
        RequireBindable(request);
        OwnershipCommitment? commitment = request.Commitment is { } file ? OwnershipCommitment.Load(file) : null;
        OtherCommitments = ReadOthers(request, commitment);
        string name = Model = request.ModelName ?? commitment?.Model ?? DataFile.NameOf(request.Model);
        if (request.IsUnmarked)
        {
            Dataset data = ReadControlData(request);
            ReadControls(request, data, Keep(OutputChoice.Open(request.Model, data, request.Output, request.Kind, [], out _)), cancellationToken);
            _notes.Add("No mark was tested: no policy, key or commitment was given. The fingerprint is the only test.");
            return;
        }

        MarkKey key = Keep(ReadKey(request.SecretVariable, request.MarkKeyFile, name, commitment));
        if (commitment is not null)
        {
            commitment.RequireCurrent(TimeProvider.System.GetUtcNow());
            commitment.RequireOpen(key, CommitmentOpening.Load(request.Opening ?? Path.ChangeExtension(request.Commitment!, ".opening")));
            RequireDigest(request.Model, commitment.ModelDigest, "model", commitment.Id);
        }

        ShieldOptions policy = new();
        if (request.Policy is { } path && commitment is null)
        {
            policy = PolicyFile.ReadMarks(path, name, "so no answer carries them");
        }
        else if (request.Policy is { } beside)
        {
            PolicyFile.Read(beside, name)(policy); // for its input space; the commitment's marks count
        }

        IReadOnlyList<CommittedMarks> all = commitment?.Marks ?? CommittedMarks.Of(policy);
        bool isNamed = request.Posture is not null || request.Output is not null;
        string why = "as --posture says";
        if (request.Posture is null)
        {
            (Posture posture, why) = EvidenceQueries.PostureOf(request, commitment?.Model ?? name);
            request = request with { Posture = posture };
        }

        CommittedMarks marks = ChooseMarks(request, all);
        if (request.Tokens is { } texts)
        {
            Further = marks.Watermark is { GreenList: null, Tournament: null }
                ? throw new MistakeException($"Output '{marks.Output}' carries no mark of tokens in posture {marks.Posture}: neither GreenList nor Tournament is set. Say which output with --output, and --posture.")
                : TokenTest.Run(key, marks.Watermark, TokenFile.Read(texts), request.RandomKeys ?? DefaultTokenKeys, commitment?.ProbeSeed ?? 1);
            Commitment = commitment?.Id ?? "";
            return;
        }

        bool isEmbedding = marks.Kind == OutputKind.Embedding;
        (Dataset queries, Dataset? probes, EvidenceBinding? binding) = ReadQueries(request, name, commitment, isEmbedding);
        string? space = request.InputSpace ?? policy.InputSpaceFile;
        binding = binding is null ? null : binding with { Choices = binding.Choices * (isNamed ? all.Count : 1) * CountChoices(request, marks, space is null && commitment?.InputSpaceDigest is not null) };
        _notes.Add($"Tested are the marks of output '{marks.Output}' in posture {marks.Posture}, {why}. Callers in another posture were given those of that one: test it with --posture in a run of its own.");
        if (isEmbedding)
        {
            Embeddings = ReadEmbeddings(request, marks, key, queries, commitment) with { OtherCommitments = OtherCommitments, Binding = binding };
            return;
        }

        OnnxClassifier target = Keep(OutputChoice.Open(request.Model, queries, request.Output ?? marks.Output, request.Kind ?? KindOf(marks), [], out _));
        if (space is not null && commitment?.InputSpaceDigest is { } digest)
        {
            RequireDigest(space, digest, "input space", commitment.Id);
        }
        else if (space is not null && commitment is not null && marks.Watermark is not { Cosine: null, Traps: null })
        {
            throw new MistakeException($"Commitment {commitment!.Id} names no input space, so '{space}' could have been chosen after it. Commit with InputSpaceFile in the policy, or verify without --input-space: marks in inputs are left out then.");
        }

        ReadControls(request, queries, target, cancellationToken);
        Verification = new VerificationRequest
        {
            Target = target,
            Key = key,
            Marks = marks.Watermark,
            Queries = queries,
            Probes = probes,
            InputSpace = space is null ? null : ReadSpace(request, space, name),
            ClassMap = MapOf(request),
            Controls = Controls,
            Commitment = commitment?.Id ?? "",
            OtherCommitments = OtherCommitments,
            Binding = binding,
            RandomKeys = request.RandomKeys,
            WantedPValue = request.WantedPValue ?? 1e-6,
            ExpectedMatch = request.ExpectedMatch,
            MostQueries = request.MostQueries,
            RowsPerCall = request.Endpoint.RowsPerCall,
            Seed = commitment?.ProbeSeed ?? 1,
        };
    }

    private static void RequireBindable(VerifyRequest request)
    {
        if (request.Digest is null && (request.StampRoots is not null || request.SuspectSince is not null))
        {
            throw new MistakeException("--tsa-root and --suspect-since are for the stamp of a list's digest: give --digest, too.");
        }

        if (request.Digest is not null && (request.Evidence is null || request.Commitment is null || request.Fingerprint))
        {
            throw new MistakeException("--digest binds the queries of a list under a commitment: give --evidence and --commitment, and leave --fingerprint, whose queries are of no list, to a run of its own.");
        }

        if (request.Digest is not null && !request.Plan && (request.RandomKeys is not (null or BoundKeys) || request.ExpectedMatch != DefaultMatch))
        {
            throw new MistakeException(string.Create(CultureInfo.InvariantCulture, $"With --digest the number of random keys and the expected match are fixed, as one could stop at a lucky one: leave --match out, and --random-keys too or set it to {BoundKeys}, which doubles p."));
        }
    }

    /// <summary>In how many ways a bound run could have read the same answers otherwise.</summary>
    internal static long CountChoices(VerifyRequest request, CommittedMarks marks, bool leavesSpaceOut) =>
        (request.LabelOnly ? 2 : 1)
        * (leavesSpaceOut && marks.Watermark is not { Cosine: null, Traps: null } ? 2 : 1)
        * (request.RandomKeys is not null ? 2 : 1)
        * (request.Kind is not null && request.Kind != KindOf(marks) ? Enum.GetValues<OutputKind>().Length : 1);

    private static string[] ReadOthers(VerifyRequest request, OwnershipCommitment? commitment)
    {
        OwnershipCommitment[] others = [.. request.OtherCommitments.Select(OwnershipCommitment.Load)];
        if (others.Length > 0 && commitment is null)
        {
            throw new MistakeException("--other-commitment declares commitments beside the one that the key opens: give that one with --commitment.");
        }

        OwnershipCommitment[] all = [.. others, .. commitment is null ? Array.Empty<OwnershipCommitment>() : [commitment]];
        return all.DistinctBy(static one => one.Id).Count() != all.Length ? throw new MistakeException("A commitment is given twice. Name each other one once with --other-commitment.")
            : others.FirstOrDefault(other => other.ModelDigest != commitment!.ModelDigest) is { } wrong
            ? throw new MistakeException($"Commitment {wrong.Id} is of another model's file, which is no key tried on this one. Leave it out.")
            : [.. others.Select(static other => other.Id)];
    }

    private EmbeddingVerificationRequest ReadEmbeddings(VerifyRequest request, CommittedMarks marks, MarkKey key, Dataset queries, OwnershipCommitment? commitment)
    {
        if (marks.Watermark.Direction is not { } mark)
        {
            throw new MistakeException($"Output '{marks.Output}' is an embedding and carries no mark in posture {marks.Posture}: Direction is not set. Say which output with --output, and --posture.");
        }

        if (request.Fingerprint || request.TrainControls != 0 || request.ClassMap is not null || request.LabelOnly)
        {
            throw new MistakeException($"Output '{marks.Output}' is an embedding, which has no classes: leave --fingerprint, --train-controls, --class-map and --label-only out. Give independent models with --control.");
        }

        EmbeddingOutput = marks.Output;
        EmbeddingModel target = Keep(EmbeddingModel.Open(request.Model, queries, marks.Output));
        EmbeddingControl[] controls = [.. request.Controls.Select(path => new EmbeddingControl(DataFile.NameOf(path), Keep(EmbeddingModel.Open(path, queries, null, marks.Output))))];
        return new EmbeddingVerificationRequest
        {
            Target = target,
            Key = key,
            Mark = mark,
            Queries = queries,
            Controls = controls,
            Commitment = commitment?.Id ?? "",
            RandomKeys = request.RandomKeys,
            WantedPValue = request.WantedPValue ?? 1e-4, // a rank among the default number of random keys gives no 1e-6
            MostQueries = request.MostQueries,
            RowsPerCall = request.Endpoint.RowsPerCall,
            Seed = commitment?.ProbeSeed ?? 1,
        };
    }

    private T Keep<T>(T owned)
        where T : IDisposable
    {
        _owned.Add(owned);
        return owned;
    }

    private static OutputKind? KindOf(CommittedMarks marks) => marks.Kind is OutputKind.Logits or OutputKind.Probabilities ? marks.Kind : null;

    /// <summary>The key of a model's marks, from the shield's secret or by itself.</summary>
    public static MarkKey ReadKey(string? secretVariable, string? markKeyFile, string model, OwnershipCommitment? commitment)
    {
        if (secretVariable is null == markKeyFile is null)
        {
            throw new MistakeException("Give the key of the marks: either the shield's secret with --secret-env, or the mark key with --mark-key.");
        }

        if (secretVariable is { } variable)
        {
            using ShieldSecret secret = SharedOptions.Secret(variable)!.GetSecret();
            return MarkKey.Of(secret, model);
        }

        byte[] bytes = File.ReadAllBytes(markKeyFile!);
        try
        {
            string text = Encoding.ASCII.GetString(bytes).Trim();
            byte[] key = bytes.Length == MarkKey.Size ? bytes : text.Length == 2 * MarkKey.Size && text.All(char.IsAsciiHexDigit) ? Convert.FromHexString(text) : [];
            return key.Length == MarkKey.Size
                ? MarkKey.Import(key, commitment?.KeyId ?? "mark-key", model)
                : throw new MistakeException($"'{markKeyFile}' is no mark key: it has {bytes.Length} bytes, and a key is 32 bytes as they are or 64 hexadecimal digits.");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    private static CommittedMarks ChooseMarks(VerifyRequest request, IReadOnlyList<CommittedMarks> all)
    {
        string found = all.Count == 0 ? "none" : string.Join(", ", all.Select(static marks => $"{marks.Output} {marks.Posture}"));
        CommittedMarks[] fit = [.. all.Where(marks => marks.Posture == request.Posture && (request.Output is null || marks.Output == request.Output))];
        return fit switch
        {
            [CommittedMarks one] => one,
            [] => throw new MistakeException($"No marks are known of {(request.Output is null ? "" : $"output '{request.Output}' in ")}posture {request.Posture}; there are: {found}. Give them with --commitment or --policy, and say --posture and --output."),
            _ => throw new MistakeException($"Several outputs are marked: {found}. Say which with --output."),
        };
    }

    /// <summary>What is asked, and, where a list says that, the log for rows that only show classes.</summary>
    private (Dataset Queries, Dataset? Probes, EvidenceBinding? Binding) ReadQueries(VerifyRequest request, string model, OwnershipCommitment? commitment, bool isEmbedding)
    {
        Dataset? logged = request.Queries is { } path ? DataFile.Read(path, null, "none", request.Scale) : null;
        if (request.Evidence is null)
        {
            return request.Caller is not null ? throw new MistakeException("--caller says whose queries of a list are asked: give --evidence, too.")
                : (logged ?? throw new MistakeException("Give queries that the thief is likely to have asked: --queries with rows of your own log, or --evidence with a list that keeps inputs."), null, null);
        }

        EvidenceQueries evidence = EvidenceQueries.Read(request, logged, commitment?.Model ?? model, isEmbedding);
        _notes.Add(evidence.Note);
        Callers = evidence.Callers;
        return (evidence.Rows, logged, evidence.Binding);
    }

    private static InputSpace ReadSpace(VerifyRequest request, string path, string model)
    {
        if (request.SecretVariable is not { } variable)
        {
            throw new MistakeException($"The input space '{path}' is authenticated under the shield's secret: give it with --secret-env.");
        }

        using ShieldSecret secret = SharedOptions.Secret(variable)!.GetSecret();
        return InputSpace.Load(File.ReadAllBytes(path), model, secret);
    }

    /// <summary>The class map that was given; null for none.</summary>
    public static int[]? MapOf(VerifyRequest request) => request.ClassMap is { } map ? ReadMap(map) : null;

    private static int[] ReadMap(string text) =>
        [.. text.Split(',', StringSplitOptions.TrimEntries).Select(part => int.TryParse(part, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number)
            ? number
            : throw new MistakeException($"--class-map {text}: allowed are whole numbers with commas between them, -1 for a class that the model has not."))];

    private static Dataset ReadControlData(VerifyRequest request)
    {
        string path = request.ControlData
            ?? throw new MistakeException($"{(request.Fingerprint ? "--fingerprint" : "--train-controls")} needs inputs with true labels: give --control-data, and --control-labels if they are in a file of their own.");
        return DataFile.Read(path, request.ControlLabels, request.LabelColumn, request.Scale);
    }

    private void ReadControls(VerifyRequest request, Dataset rows, OnnxClassifier target, CancellationToken cancellationToken)
    {
        if (request.TrainControls is < 0 or > 100)
        {
            throw new MistakeException($"--train-controls {request.TrainControls}: allowed are 1 to 100.");
        }

        if (request.Fingerprint)
        {
            Fingerprint = FingerprintTest.Of(request, target, ReadControlData(request));
            _notes.Add(request.Plan ? Fingerprint.Plan : FingerprintTest.NoteOf(request));
        }

        List<VerificationControl> controls = [];
        foreach (string path in request.Controls)
        {
            controls.Add(new VerificationControl(DataFile.NameOf(path), Keep(OutputChoice.Open(path, rows, null, null, [], out _))));
        }

        if (request.TrainControls > 0)
        {
            Dataset data = Fingerprint?.ControlRows ?? ReadControlData(request);
            if (data.Width != target.InputLength)
            {
                throw new MistakeException($"Rows of '{request.ControlData}' have {data.Width} values; the model takes {target.InputLength}.");
            }

            try
            {
                controls.AddRange(request.Plan ? [] : VerificationControl.Train(data, target.ClassCount, request.TrainControls, seed: 1, threads: Environment.ProcessorCount, cancellationToken: cancellationToken));
            }
            catch (ArgumentException exception)
            {
                throw MistakeException.Of(exception);
            }
        }

        Controls = controls;
    }

    private static void RequireDigest(string path, string digest, string what, string commitment)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        if (Convert.ToHexStringLower(SHA256.HashData(file)) != digest)
        {
            throw new MistakeException($"'{path}' is not the {what} that commitment {commitment} was made for: its SHA-256 is another. Give the file that was committed to.");
        }
    }
}
