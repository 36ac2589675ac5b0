using System.CommandLine;

namespace InferenceShield.Tool;

/// <summary>Options that several commands have, with the same meaning in each.</summary>
internal static class SharedOptions
{
    public static Option<string?> Labels() => new("--labels") { Description = "Labels of the rows, in a file of their own: IDX, .npy, or a line each.", HelpName = "FILE" };

    public static Option<string?> LabelColumn() => new("--label-column") { Description = "Column of a CSV that holds labels: a name, a place from 1, first, last or none. Default: the last if it is no number.", HelpName = "COLUMN" };

    public static Option<string> Scale() => new("--scale") { Description = "What inputs are divided by: auto (255 for bytes of IDX and .npy), none, or a number.", HelpName = "SCALE", DefaultValueFactory = _ => "auto" };

    public static Option<string?> Output() => new("--output") { Description = "The model's output with the scores. Default: the one whose rows sum to 1, or the only one.", HelpName = "NAME" };

    public static Option<string?> Kind()
    {
        Option<string?> option = new("--kind") { Description = "What that output holds, if it is not found out: Probabilities or Logits." };
        option.AcceptOnlyFromAmong("Probabilities", "Logits");
        return option;
    }

    public static Option<string?> Policy() => new("--policy") { Description = "The shield's options as JSON: appsettings.json, one model of it, or its Shield section. Default: the shield's defaults.", HelpName = "FILE" };

    public static Option<string?> ModelName() => new("--model-name") { Description = "The model's name in its shield, which learned files are bound to. Default: the file's name.", HelpName = "NAME" };

    public static Option<string?> SecretVariable() => new("--secret-env") { Description = "Environment variable with the shield's secret, for files that are authenticated.", HelpName = "NAME" };

    public static Option<bool> Json() => new("--json") { Description = "Print JSON and nothing else to standard output." };

    public static OutputKind? ParseKind(string? kind) => kind is null ? null : Enum.Parse<OutputKind>(kind);

    /// <summary>Values given with commas, by repetition, or both.</summary>
    public static string[] Split(string[]? values) =>
        [.. (values ?? []).SelectMany(value => value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))];

    public static IShieldSecretProvider? Secret(string? variable) => variable is null ? null : ShieldSecrets.FromEnvironment(variable);
}
