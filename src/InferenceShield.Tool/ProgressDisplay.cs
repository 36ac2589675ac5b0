using System.Globalization;
using InferenceShield.Lab;
using Spectre.Console;

namespace InferenceShield.Tool;

/// <summary>Shows how far an audit is: a bar on a screen, now and then a line in a log; and how far the asking of a suspect is, by lines alone.</summary>
internal static class ProgressDisplay
{
    private static readonly TimeSpan s_betweenLines = TimeSpan.FromSeconds(10);

    public static async Task<AuditResult> RunAsync(Terminal terminal, Func<IProgress<AuditProgress>, Task<AuditResult>> run)
    {
        if (terminal.ErrorIsFile)
        {
            return await run(new Lines(terminal.Error)).ConfigureAwait(false);
        }

        AuditResult? result = null;
        await terminal.Drawing.Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new SpinnerColumn())
            .StartAsync(async context => result = await run(new Bar(context.AddTask("asking", maxValue: 1))).ConfigureAwait(false)).ConfigureAwait(false);
        return result!;
    }

    private static string Describe(AuditProgress progress) => string.Create(
        CultureInfo.InvariantCulture,
        $"{progress.Finished} of {progress.Total} thefts{(progress.Left is { } left && progress.Finished < progress.Total ? $", about {(left.TotalMinutes < 1 ? $"{left.TotalSeconds:0} s" : $"{left.TotalMinutes:0.0} min")} left" : "")}");

    private sealed class Bar(ProgressTask task) : IProgress<AuditProgress>
    {
        public void Report(AuditProgress value)
        {
            task.Description = Describe(value);
            task.Value = (double)value.Finished / value.Total;
        }
    }

    /// <summary>Lines on how many queries a suspect has answered.</summary>
    public static IProgress<VerificationProgress> Of(Terminal terminal, string suspect) => new Asking(terminal.Error, suspect);

    private sealed class Asking(TextWriter error, string suspect) : IProgress<VerificationProgress>
    {
        private long? _last;

        public void Report(VerificationProgress value)
        {
            if (_last is not { } last || value.Answered == value.Total || TimeProvider.System.GetElapsedTime(last) >= s_betweenLines)
            {
                _last = TimeProvider.System.GetTimestamp();
                error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"'{TerminalText.Lines(suspect)}' has answered {value.Answered:N0} of {value.Total:N0} queries{(value.Answered == value.Total ? "; testing" : "")}"));
            }
        }
    }

    private sealed class Lines(TextWriter error) : IProgress<AuditProgress>
    {
        private TimeSpan _last;

        public void Report(AuditProgress value)
        {
            if (value.Last is null || value.Finished == value.Total || value.Elapsed - _last >= s_betweenLines)
            {
                _last = value.Elapsed;
                error.WriteLine(Describe(value));
            }
        }
    }
}
