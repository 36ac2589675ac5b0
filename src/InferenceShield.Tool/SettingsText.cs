using System.Text.Json;
using System.Text.Json.Nodes;

namespace InferenceShield.Tool;

/// <summary>The lines for appsettings.json.</summary>
internal static class SettingsText
{
    private static readonly JsonSerializerOptions s_indented = new() { WriteIndented = true };

    /// <param name="name">The model's name.</param>
    /// <param name="path">Its file.</param>
    /// <param name="output">The output that is released.</param>
    /// <param name="kind">What it is.</param>
    /// <param name="classes">Numbers in a row; null where the number is no matter.</param>
    /// <param name="bandFile">Learned bands; null for none.</param>
    /// <param name="detectionFile">A calibration of detection; null for none.</param>
    /// <param name="inputFile">Where benign inputs lie; null for none.</param>
    public static string Of(string name, string path, string output, OutputKind kind, int? classes, string? bandFile, string? detectionFile = null, string? inputFile = null)
    {
        JsonObject declared = new() { ["Kind"] = kind.ToString() };
        if (classes is { } count)
        {
            declared["Classes"] = count;
        }

        if (bandFile is not null)
        {
            declared["Guarded"] = new JsonObject { ["BandFile"] = bandFile };
        }

        JsonObject model = new()
        {
            ["Session"] = new JsonObject { ["ModelPath"] = path },
            ["Shield"] = new JsonObject { ["Outputs"] = new JsonObject { [output] = declared } },
        };
        if (detectionFile is not null)
        {
            model["Shield"]!["Detection"] = new JsonObject { ["CalibrationFile"] = detectionFile };
            model["Shield"]!["Postures"] = new JsonObject { ["Mode"] = nameof(PostureMode.Observe) };
        }

        if (inputFile is not null)
        {
            model["Shield"]!["InputSpaceFile"] = inputFile;
        }

        return new JsonObject
        {
            ["InferenceShield"] = new JsonObject
            {
                ["Secret"] = new JsonObject { ["EnvironmentVariable"] = "INFERENCE_SHIELD_SECRET" },
                ["Models"] = new JsonObject { [name] = model },
            },
        }.ToJsonString(s_indented);
    }
}
