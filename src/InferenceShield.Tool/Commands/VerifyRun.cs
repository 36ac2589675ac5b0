using System.Globalization;
using InferenceShield.Lab;

namespace InferenceShield.Tool;

/// <summary>Runs <c>verify</c>.</summary>
internal static class VerifyRun
{
    public static async Task<int> RunAsync(VerifyRequest request, Terminal terminal, CancellationToken cancellationToken)
    {
        FirstUseNotice.Show(terminal.Error);
        if (request.Suspects.Count == 0 && !request.Plan)
        {
            throw new MistakeException("Give a suspect: an ONNX file or a URL. Without one, --plan says how many queries are needed.");
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
        VerificationRequest verification = inputs.Verification;
        if (request.Plan)
        {
            VerificationPlan plan = OwnershipVerifier.Plan(verification);
            plan = plan with { Missing = [.. plan.Missing, .. inputs.Notes] };
            await terminal.Output.WriteLineAsync(request.Json ? JsonText.Of(plan) : VerificationWriter.ToText(plan).TrimEnd()).ConfigureAwait(false);
            return ExitCode.Done;
        }

        Directory.CreateDirectory(request.OutputFolder);
        List<VerificationReport> reports = [];
        for (int i = 0; i < request.Suspects.Count; i++)
        {
            (Suspect suspect, IDisposable owned) = await SuspectTarget.OpenAsync(request, request.Suspects[i], cancellationToken).ConfigureAwait(false);
            using (owned)
            {
                string answers = string.Create(CultureInfo.InvariantCulture, $"answers-{i + 1}.txt");
                VerificationReport report = await OwnershipVerifier.VerifyAsync(
                    verification with { AnswersFile = Path.Combine(request.OutputFolder, answers), Resume = request.Resume }, suspect, null, cancellationToken).ConfigureAwait(false);
                reports.Add(report with { Notes = [.. inputs.Notes, .. report.Notes], Callers = inputs.Callers });
            }
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
}
