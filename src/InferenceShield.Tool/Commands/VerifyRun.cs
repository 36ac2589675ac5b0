using System.Globalization;
using InferenceShield.Lab;

namespace InferenceShield.Tool;

/// <summary>Runs <c>verify</c>.</summary>
internal static class VerifyRun
{
    public static async Task<int> RunAsync(VerifyRequest request, Terminal terminal, CancellationToken cancellationToken)
    {
        FirstUseNotice.Show(terminal.Error);
        if (request.Tokens is not null && (request.Suspects.Count > 0 || request.Plan || request.Fingerprint || request.Evidence is not null || request.Queries is not null))
        {
            throw new MistakeException("--tokens tests texts and asks nobody: leave SUSPECT, --queries, --evidence, --fingerprint and --plan out.");
        }

        if (request.Suspects.Count == 0 && request.Tokens is null && !request.Plan)
        {
            throw new MistakeException("Give a suspect: an ONNX file or a URL. Without one, --plan says how many queries are needed.");
        }

        if (request.Suspects.GroupBy(SuspectTarget.NameOf).FirstOrDefault(static named => named.Count() > 1) is { } twice)
        {
            throw new MistakeException($"Two suspects are called '{twice.Key}', and reports and dossiers tell them apart by name. Rename a file, or verify them one after the other.");
        }

        using VerifyInputs inputs = VerifyInputs.Open(request, cancellationToken);
        try
        {
            return await RunAsync(request, inputs, terminal, cancellationToken).ConfigureAwait(false);
        }
        catch (ArgumentException exception)
        {
            throw MistakeException.Of(exception); // what the library says of shapes, maps and ranges
        }
    }

    private static async Task<int> RunAsync(VerifyRequest request, VerifyInputs inputs, Terminal terminal, CancellationToken cancellationToken)
    {
        if (request.Plan)
        {
            VerificationPlan plan = inputs.Verification is { } planned ? OwnershipVerifier.Plan(planned)
                : inputs.Embeddings is { } embeddings ? EmbeddingVerifier.Plan(embeddings)
                : new VerificationPlan(0, 0, [], []);
            plan = plan with { Missing = [.. plan.Missing, .. inputs.Notes] };
            await terminal.Output.WriteLineAsync(request.Json ? JsonText.Of(plan) : VerificationWriter.ToText(plan).TrimEnd()).ConfigureAwait(false);
            return ExitCode.Done;
        }

        Directory.CreateDirectory(request.OutputFolder);
        List<VerificationReport> reports = [];
        for (int i = 0; i < request.Suspects.Count; i++)
        {
            (Suspect suspect, IDisposable owned) = await SuspectTarget.OpenAsync(request, inputs, request.Suspects[i], cancellationToken).ConfigureAwait(false);
            using (owned)
            {
                reports.Add(await VerifyAsync(request, inputs, terminal, suspect, i + 1, cancellationToken).ConfigureAwait(false));
            }
        }

        if (request.Tokens is { } texts)
        {
            reports.Add(JudgeAlone(inputs, Path.GetFileName(texts), inputs.Further, queries: 0));
        }

        IReadOnlyList<VerificationReport> judged = OwnershipVerifier.Adjust(reports);
        string json = VerificationWriter.ToJson(judged);
        string page = Path.Combine(request.OutputFolder, "verification.html");
        await File.WriteAllTextAsync(Path.Combine(request.OutputFolder, "verification.json"), json + "\n", cancellationToken).ConfigureAwait(false);
        await File.WriteAllBytesAsync(Path.Combine(request.OutputFolder, "record.json"), VerificationRecord.ToBytes(judged), cancellationToken).ConfigureAwait(false);
        await File.WriteAllTextAsync(page, VerificationWriter.ToHtml(judged), cancellationToken).ConfigureAwait(false);
        if (request.Json)
        {
            await terminal.Output.WriteLineAsync(json).ConfigureAwait(false);
        }
        else
        {
            foreach (VerificationReport report in judged)
            {
                await terminal.Output.WriteLineAsync(TerminalText.Lines(VerificationWriter.ToText(report).TrimEnd().Split('\n')) + "\n").ConfigureAwait(false);
            }
        }

        await terminal.Error.WriteLineAsync($"Report: {page}").ConfigureAwait(false);
        return ExitCode.Done;
    }

    private static async Task<VerificationReport> VerifyAsync(VerifyRequest request, VerifyInputs inputs, Terminal terminal, Suspect suspect, int number, CancellationToken cancellationToken)
    {
        string FileOf(string kind) => Path.Combine(request.OutputFolder, string.Create(CultureInfo.InvariantCulture, $"{kind}-{number}.txt"));
        List<OwnershipTestResult> further = [];
        if (inputs.Fingerprint is { } fingerprint)
        {
            SuspectLabelRequest asking = new() { ClassMap = VerifyInputs.MapOf(request), RowsPerCall = request.Endpoint.RowsPerCall, AnswersFile = FileOf("fingerprint"), Resume = request.Resume };
            further.Add(await fingerprint.RunAsync(suspect, inputs.Controls, asking, cancellationToken).ConfigureAwait(false));
        }

        IProgress<VerificationProgress> progress = ProgressDisplay.Of(terminal, suspect.Name);
        VerificationReport report = inputs.Embeddings is { } embeddings
            ? await EmbeddingVerifier.VerifyAsync(embeddings with { AnswersFile = FileOf("answers"), Resume = request.Resume }, suspect, progress, cancellationToken).ConfigureAwait(false)
            : inputs.Verification is { } verification
            ? await OwnershipVerifier.VerifyAsync(verification with { AnswersFile = FileOf("answers"), Resume = request.Resume, FurtherTests = further }, suspect, progress, cancellationToken).ConfigureAwait(false)
            : JudgeAlone(inputs, suspect.Name, further, further.Sum(static test => test.Answers)) with { SuspectIdentity = suspect.Identity };
        return report with { Notes = [.. inputs.Notes, .. report.Notes], Callers = inputs.Callers };
    }

    /// <summary>A report on tests that are made without the library's own questions.</summary>
    private static VerificationReport JudgeAlone(VerifyInputs inputs, string suspect, IReadOnlyList<OwnershipTestResult> tests, int queries) => OwnershipVerifier.Judge(new VerificationReport
    {
        Model = inputs.Model,
        Suspect = suspect,
        Commitment = inputs.Commitment,
        OtherCommitments = inputs.OtherCommitments,
        Time = TimeProvider.System.GetUtcNow(),
        Version = typeof(OwnershipVerifier).Assembly.GetName().Version?.ToString(3) ?? "",
        Seed = 1,
        Tests = tests,
        Queries = queries,
        Controls = [.. inputs.Controls.Select(static control => control.Name)],
        Words = "",
        Limits = [],
    });
}
