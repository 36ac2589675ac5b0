using System.Globalization;
using Microsoft.Extensions.DependencyInjection;

namespace InferenceShield;

/// <summary>What the core knows: rejected reloads, caller tables without room for newcomers, detection that sees nothing, records no more or has lost callers, and a list of marked queries that is not written.</summary>
internal sealed class ShieldHealthContributor(IServiceProvider services, ShieldModelRegistry registry) : IShieldHealthContributor
{
    private static readonly TimeSpan s_recent = TimeSpan.FromMinutes(5);

    public IEnumerable<string> GetWarnings()
    {
        foreach (string model in registry.Models)
        {
            Shield shield = services.GetRequiredKeyedService<Shield>(model);
            if (shield.ReloadFault is { } fault)
            {
                yield return $"Shield '{model}' keeps its last good options; the new ones are not valid: {fault}";
            }

            if (shield.Detector?.FindSilence() is { } silence)
            {
                yield return silence;
            }

            if (shield.Detector is { HasRecordingEnded: true } detector)
            {
                yield return string.Create(CultureInfo.InvariantCulture,
                    $"Shield '{model}': recording for calibration ended before its time; {detector.Recording.Recorded:N0} queries are written, {detector.Recording.Dropped:N0} are not. The log says why. Calibrate with what there is, or make room and restart.");
            }

            if (shield.Detection?.Statistics.CasesLost is > 0 and long lost)
            {
                yield return string.Create(CultureInfo.InvariantCulture,
                    $"Shield '{model}': callers that were noticed found no room to be remembered, so that their postures may be lost; {lost:N0} so far. Half of Callers:Capacity is remembered, at most {PostureEngine.LargestCapacity:N0}: raise it, or look for a flood of names.");
            }

            if (shield.Evidence?.Fault is { } unwritten)
            {
                yield return $"Shield '{model}': marked queries are not kept now, and their evidence is lost: {unwritten.TrimEnd('.')}. Let the process write to Evidence:File, or give it more room.";
            }

            // A full table alone is nothing: it gives newcomers the records of those who have long been silent.
            if (shield.SinceTableFull is { } since && since < s_recent)
            {
                yield return string.Create(CultureInfo.InvariantCulture,
                    $"Shield '{model}': within the last {s_recent.TotalMinutes:N0} minutes a table of callers ({shield.GetStatistics().Callers:N0} in it), tenants or networks had no room for newcomers, who shared one bucket. Raise Callers:Capacity, TenantCapacity or NetworkCapacity if they are honest.");
            }
        }
    }
}
