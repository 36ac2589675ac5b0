using Spectre.Console;

namespace InferenceShield.Tool;

/// <summary>Where the tool writes: results to one place, progress, notices and faults to another.</summary>
/// <param name="Output">Results; only JSON with <c>--json</c>.</param>
/// <param name="Error">Everything that is no result.</param>
/// <param name="ErrorIsFile">Whether <paramref name="Error"/> is no screen, so that nothing can be drawn over.</param>
internal sealed record Terminal(TextWriter Output, TextWriter Error, bool ErrorIsFile)
{
    /// <summary>Draws tables of results.</summary>
    public IAnsiConsole Tables { get; } = Create(Output, Output != Console.Out || Console.IsOutputRedirected);

    /// <summary>Draws progress.</summary>
    public IAnsiConsole Drawing { get; } = Create(Error, ErrorIsFile);

    private static IAnsiConsole Create(TextWriter writer, bool isFile)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = isFile ? AnsiSupport.No : AnsiSupport.Detect,
            Interactive = isFile ? InteractionSupport.No : InteractionSupport.Detect,
        });
        if (isFile)
        {
            console.Profile.Width = 160; // no line of a log is broken at 80 characters
        }

        return console;
    }
}
