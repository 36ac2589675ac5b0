using System.Globalization;

namespace InferenceShield.Tool;

/// <summary>Text of foreign files that a terminal shows and does not obey.</summary>
internal static class TerminalText
{
    /// <summary>Control characters as \u and their number.</summary>
    public static string Of(string text) => text.Any(char.IsControl)
        ? string.Concat(text.Select(static character => char.IsControl(character) ? $"\\u{((int)character).ToString("X4", CultureInfo.InvariantCulture)}" : character.ToString()))
        : text;

    /// <summary>Lines, each as <see cref="Of"/> shows it.</summary>
    public static string Lines(params string[] lines) => string.Join('\n', lines.Select(Of));
}
