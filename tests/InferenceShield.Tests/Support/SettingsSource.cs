using Microsoft.Extensions.Configuration;

namespace InferenceShield.Tests;

/// <summary>Configuration in memory whose settings, unlike those of the built-in source, can be taken away again.</summary>
internal sealed class SettingsSource : ConfigurationProvider, IConfigurationSource
{
    public string? this[string key]
    {
        set
        {
            if (value is null)
            {
                Data.Remove(key);
            }
            else
            {
                Data[key] = value;
            }
        }
    }

    public IConfigurationProvider Build(IConfigurationBuilder builder) => this;
}
