using System.Globalization;
using Microsoft.Extensions.DependencyInjection;

namespace InferenceShield;

/// <summary>What the core knows: rejected reloads and caller tables that are nearly full.</summary>
internal sealed class ShieldHealthContributor(IServiceProvider services, ShieldModelRegistry registry) : IShieldHealthContributor
{
    private const double HighLoad = 0.9;

    public IEnumerable<string> GetWarnings()
    {
        foreach (string model in registry.Models)
        {
            Shield shield = services.GetRequiredKeyedService<Shield>(model);
            if (shield.ReloadFault is { } fault)
            {
                yield return $"Shield '{model}' keeps its last good options; the new ones are not valid: {fault}";
            }

            if (shield.CallerTableLoad >= HighLoad)
            {
                yield return string.Create(CultureInfo.InvariantCulture,
                    $"Shield '{model}': the caller table is {100 * shield.CallerTableLoad:N0} % full; when it is, new callers share one bucket.");
            }
        }
    }
}
