using System.CommandLine;
using System.CommandLine.Invocation;
using InferenceShield.Lab;
using InferenceShield.OnnxRuntime;
using Microsoft.Extensions.Options;

namespace InferenceShield.Tool;

/// <summary>The commands, and what becomes of what they throw.</summary>
internal static class CommandLine
{
    public static async Task<int> InvokeAsync(IReadOnlyList<string> arguments, Terminal terminal, CancellationToken cancellationToken)
    {
        RootCommand root = new(
            """
            Steals models the way the literature does, to find out what a policy costs a thief and an honest user. For models you own or are authorised to test.

            Begin with:  inference-shield inspect model.onnx
            Then:        inference-shield audit model.onnx --data images.idx.gz --labels labels.idx.gz --out report
            In CI:       inference-shield audit model.onnx --data data.csv --policy shield.json --fail-if "agreement>0.80@5000" --json

            Exit codes:  0 done, 1 a mistake in what was asked, 2 a gate tripped or a dossier fails, 70 a defect of the tool, 130 interrupted.
            Completion:  see https://learn.microsoft.com/dotnet/standard/commandline/how-to-enable-tab-completion
            """)
        {
            AuditCommand.Create(terminal),
            CalibrateCommand.Create(terminal),
            InspectCommand.Create(terminal),
            BenchCommand.Create(terminal),
            CommitCommand.Create(terminal),
            VerifyCommand.Create(terminal),
            DossierCommand.Create(terminal),
        };
        ParseResult parsed = root.Parse(arguments);
        if (parsed.Action is ParseErrorAction mistake && arguments.Count > 0)
        {
            mistake.ShowHelp = false; // a page of help would push what is wrong off the screen
        }

        InvocationConfiguration configuration = new()
        {
            Output = terminal.Output,
            Error = terminal.Error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = TimeSpan.FromSeconds(10), // a training step looks for Ctrl-C, one query to an endpoint may not
        };
        try
        {
            if (parsed.Action is ParseErrorAction && arguments.Count > 0)
            {
                int wrong = await parsed.InvokeAsync(configuration, cancellationToken).ConfigureAwait(false);
                await terminal.Error.WriteLineAsync($"See inference-shield {(parsed.CommandResult.Command == root ? "" : parsed.CommandResult.Command.Name + " ")}--help").ConfigureAwait(false);
                return wrong;
            }

            return await parsed.InvokeAsync(configuration, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            await terminal.Error.WriteLineAsync("Interrupted.").ConfigureAwait(false);
            return ExitCode.Interrupted;
        }
        catch (Exception exception) when (IsMistake(exception))
        {
            await terminal.Error.WriteLineAsync("inference-shield: " + OneLine(exception)).ConfigureAwait(false);
            return ExitCode.Mistake;
        }
        catch (Exception exception)
        {
            await terminal.Error.WriteLineAsync("inference-shield: a defect of this tool; please report it with what follows.\n" + exception).ConfigureAwait(false);
            return ExitCode.Defect;
        }
    }

    /// <summary>What the library and the system say of files, options and gates is fit for users as it is.</summary>
    private static bool IsMistake(Exception exception) => exception
        is MistakeException or FormatException or IOException or UnauthorizedAccessException or InvalidDataException
        or ModelFileException or ModelRunException or InvalidModelOutputException or InvalidQueryException
        or OracleException or ExtractionException or OptionsValidationException or ReleaseFileException or DetectionFileException or ShieldSecretException
        or OwnershipFileException or EvidenceFileException;

    private static string OneLine(Exception exception)
    {
        string message = exception is OptionsValidationException options ? string.Join(" ", options.Failures) : exception.Message;
        return TerminalText.Of(message.ReplaceLineEndings(" "));
    }
}
