using Microsoft.Extensions.Configuration;

namespace InferenceShield;

/// <summary>The models that were registered, and which parts of their configuration somebody reads.</summary>
internal sealed class ShieldModelRegistry
{
    private readonly SortedSet<string> _knownSections = new(StringComparer.OrdinalIgnoreCase) { ShieldSection };

    public const string SecretSection = "Secret";
    public const string DefaultsSection = "Defaults";
    public const string ModelsSection = "Models";
    public const string ShieldSection = "Shield";

    public IConfiguration? Configuration { get; set; }

    public SortedSet<string> Models { get; } = new(StringComparer.Ordinal);

    public string OptionsPrefix(string model) => Configuration is null
        ? model + ": "
        : $"{PathPrefix}{ModelsSection}:{model}:{ShieldSection}:";

    public IConfigurationSection? ModelSection(string model, string section)
    {
        _knownSections.Add(section);
        return Configuration?.GetSection($"{ModelsSection}:{model}:{section}");
    }

    /// <summary>The sections that a model's options are read from, as far as they are there.</summary>
    public IEnumerable<string> ExistingSections(string model)
    {
        if (Configuration?.GetSection(DefaultsSection) is { } defaults && defaults.Exists())
        {
            yield return defaults.Path;
        }

        if (Configuration?.GetSection($"{ModelsSection}:{model}:{ShieldSection}") is { } section && section.Exists())
        {
            yield return section.Path;
        }
    }

    /// <summary>Keys that nobody reads: a misspelt one would otherwise protect nobody, silently.</summary>
    public IEnumerable<string> FindFaults()
    {
        if (Configuration is null)
        {
            yield break;
        }

        foreach (IConfigurationSection child in Configuration.GetChildren())
        {
            if (!IsOneOf(child.Key, SecretSection, DefaultsSection, ModelsSection))
            {
                yield return $"{PathPrefix}{child.Key} is not known; allowed: {SecretSection}, {DefaultsSection}, {ModelsSection}.";
            }
        }

        foreach (IConfigurationSection model in Configuration.GetSection(ModelsSection).GetChildren())
        {
            if (!Models.Contains(model.Key, StringComparer.OrdinalIgnoreCase))
            {
                yield return $"{PathPrefix}{ModelsSection}:{model.Key} configures a model that is not registered; registered with AddModel: {string.Join(", ", Models)}.";
                continue;
            }

            foreach (IConfigurationSection child in model.GetChildren().Where(child => !_knownSections.Contains(child.Key)))
            {
                yield return $"{PathPrefix}{ModelsSection}:{model.Key}:{child.Key} is not known; allowed: {string.Join(", ", _knownSections)}.";
            }
        }
    }

    private string PathPrefix => Configuration is IConfigurationSection section ? section.Path + ":" : "";

    private static bool IsOneOf(string key, params ReadOnlySpan<string> allowed)
    {
        foreach (string name in allowed)
        {
            if (string.Equals(key, name, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }
}
