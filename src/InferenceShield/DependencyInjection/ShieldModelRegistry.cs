using Microsoft.Extensions.Configuration;

namespace InferenceShield;

/// <summary>The models that were registered, and which parts of their configuration somebody reads.</summary>
internal sealed class ShieldModelRegistry
{
    private readonly SortedSet<string> _knownSections = new(StringComparer.OrdinalIgnoreCase) { ShieldSection };

    public const string SecretSection = "Secret";
    public const string DefaultsSection = "Defaults";
    public const string ModelsSection = "Models";
    public const string GlobalLimitSection = "GlobalLimit";
    public const string ShieldSection = "Shield";

    public IConfiguration? Configuration { get; set; }

    /// <summary>What code says about <see cref="GlobalLimit"/>; configuration comes over it.</summary>
    public Action<LimitOptions>? ConfigureGlobalLimit { get; set; }

    public SortedSet<string> Models { get; } = new(StringComparer.Ordinal);

    public string OptionsPrefix(string model) => Configuration is null
        ? model + ": "
        : $"{PathPrefix}{ModelsSection}:{model}:{ShieldSection}:";

    public IConfigurationSection? ModelSection(string model, string section)
    {
        _knownSections.Add(section);
        return Configuration?.GetSection($"{ModelsSection}:{model}:{section}");
    }

    /// <summary>The keys that a model's options are read from, as far as they hold a value.</summary>
    public HashSet<string> ReadKeys(string model)
    {
        HashSet<string> keys = new(StringComparer.OrdinalIgnoreCase);
        foreach (string part in (string[])[DefaultsSection, $"{ModelsSection}:{model}:{ShieldSection}"])
        {
            if (Configuration?.GetSection(part) is { } section)
            {
                keys.UnionWith(ShieldOptionsReader.Leaves(section).Where(pair => pair.Value!.Length > 0).Select(pair => $"{section.Path}:{pair.Key}"));
            }
        }

        return keys;
    }

    /// <summary>Keys that nobody reads: a misspelt one would otherwise protect nobody, silently.</summary>
    public IEnumerable<string> FindFaults()
    {
        if (Configuration is null)
        {
            yield break;
        }

        foreach (IConfigurationSection section in SectionsThatTakeKeys().Where(section => !string.IsNullOrEmpty(section.Value)))
        {
            yield return $"{section.Path} is '{section.Value}'; it takes keys of its own, not a value.";
        }

        foreach (IConfigurationSection child in Configuration.GetChildren())
        {
            if (!IsOneOf(child.Key, SecretSection, DefaultsSection, GlobalLimitSection, ModelsSection))
            {
                yield return $"{PathPrefix}{child.Key} is not known; allowed: {SecretSection}, {DefaultsSection}, {GlobalLimitSection}, {ModelsSection}.";
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

    private IEnumerable<IConfigurationSection> SectionsThatTakeKeys()
    {
        if (Configuration is IConfigurationSection root)
        {
            yield return root;
        }

        IConfigurationSection models = Configuration!.GetSection(ModelsSection);
        yield return models;
        foreach (IConfigurationSection model in models.GetChildren())
        {
            yield return model;
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
