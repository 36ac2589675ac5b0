using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Configuration;

namespace InferenceShield.Tool;

/// <summary>Reads the options of a shield from JSON: a whole appsettings.json, one model of it, or its Shield section alone.</summary>
internal static class PolicyFile
{
    private const string Root = "policy";

    private static readonly string[] s_rootKeys = ["Secret", "Defaults", "GlobalLimit", "Models"];
    private static readonly string[] s_modelKeys = ["Session", "Shield"];

    /// <param name="path">The file.</param>
    /// <param name="model">The model's name in a whole appsettings.json.</param>
    /// <returns>Sets options as a host would that was started with this file.</returns>
    public static Action<ShieldOptions> Read(string path, string model)
    {
        string text = Encoding.UTF8.GetString(FileContent.Read(path)).TrimStart('\uFEFF');
        IConfigurationSection file;
        try
        {
            // One level deeper, so that the file as a whole is a section and has a name in messages.
            file = new ConfigurationBuilder().AddJsonStream(new MemoryStream(Encoding.UTF8.GetBytes($"{{\"{Root}\": {text}\n}}"))).Build().GetSection(Root);
        }
        catch (Exception exception) when (exception is FormatException or InvalidDataException or JsonException)
        {
            throw new MistakeException($"The policy '{path}' is no JSON: {(exception.InnerException ?? exception).Message}");
        }

        if (ReadKind(text) != JsonValueKind.Object)
        {
            throw new MistakeException($"The policy '{path}' is no JSON object, so it says nothing. Give the shield's options in braces.");
        }

        IConfigurationSection[] sections = [.. Find(file, path, model)];
        IConfigurationSection all = file.GetSection("InferenceShield");
        if (all.Exists() ? !all.GetSection("Models").Exists() && !all.GetSection("Defaults").Exists() : !file.GetChildren().Any())
        {
            throw new MistakeException($"'{path}' holds no options of a shield: no Models and no Defaults below InferenceShield, and nothing that is a model or its Shield section. Leave --policy out for the defaults.");
        }

        return options =>
        {
            foreach (IConfigurationSection section in sections)
            {
                ShieldOptionsReader.Read(section, options);
            }
        };
    }

    /// <summary>The options of a policy whose marks a shield would start with.</summary>
    /// <param name="path">The file.</param>
    /// <param name="model">As for <see cref="Read"/>.</param>
    /// <param name="consequence">What follows from a fault in them, for the message.</param>
    /// <exception cref="MistakeException">They are at fault. Other faults are of the machine that serves: its folders and files.</exception>
    public static ShieldOptions ReadMarks(string path, string model, string consequence)
    {
        ShieldOptions options = new();
        Read(path, model)(options);
        string[] faults = [.. options.ReadingFaults.Concat(ShieldOptionsValidator.Validate(options, "", serving: null).Where(static fault => fault.Contains("Watermark", StringComparison.Ordinal))).Distinct()];
        return faults.Length == 0 ? options
            : throw new MistakeException($"No shield would start with the marks of '{path}', {consequence}: {string.Join(" ", faults)}");
    }

    /// <summary>The outputs that a policy declares; empty where it declares none.</summary>
    public static string[] GetOutputs(Action<ShieldOptions> policy)
    {
        ShieldOptions options = new();
        policy(options);
        return [.. options.Outputs.Keys];
    }

    private static JsonValueKind ReadKind(string text)
    {
        using JsonDocument document = JsonDocument.Parse(text, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
        return document.RootElement.ValueKind;
    }

    /// <summary>As a host refuses keys that nobody reads: a misspelt one would leave a policy out that was meant to be tested.</summary>
    private static void RequireKeys(IConfigurationSection section, string path, string[] allowed)
    {
        if (section.GetChildren().FirstOrDefault(child => !allowed.Contains(child.Key, StringComparer.OrdinalIgnoreCase)) is { } unknown)
        {
            throw new MistakeException($"The policy '{path}': {unknown.Path[(Root.Length + 1)..]} is not known; allowed: {string.Join(", ", allowed)}.");
        }
    }

    private static IEnumerable<IConfigurationSection> Find(IConfigurationSection file, string path, string model)
    {
        IConfigurationSection all = file.GetSection("InferenceShield");
        if (!all.Exists())
        {
            if (!file.GetSection("Shield").Exists())
            {
                return [file];
            }

            RequireKeys(file, path, s_modelKeys);
            return [file.GetSection("Shield")];
        }

        RequireKeys(all, path, s_rootKeys);
        foreach (IConfigurationSection one in all.GetSection("Models").GetChildren())
        {
            RequireKeys(one, path, s_modelKeys);
        }

        IConfigurationSection[] models = [.. all.GetSection("Models").GetChildren()];
        IConfigurationSection? found = models.FirstOrDefault(one => string.Equals(one.Key, model, StringComparison.OrdinalIgnoreCase)) ?? (models.Length == 1 ? models[0] : null);
        return found is null && models.Length > 0
            ? throw new MistakeException($"'{path}' holds the models {string.Join(", ", models.Select(one => one.Key))}. Say which with --model-name.")
            : [all.GetSection("Defaults"), .. found is null ? Array.Empty<IConfigurationSection>() : [found.GetSection("Shield")]];
    }
}
