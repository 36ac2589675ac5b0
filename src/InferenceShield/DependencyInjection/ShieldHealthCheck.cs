using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace InferenceShield;

/// <summary>Unhealthy if a shield cannot be built, Degraded if anybody has a warning.</summary>
internal sealed class ShieldHealthCheck(IEnumerable<IShieldHealthContributor> contributors) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            string[] warnings = [.. contributors.SelectMany(contributor => contributor.GetWarnings())];
            return Task.FromResult(warnings.Length == 0
                ? HealthCheckResult.Healthy("All shields are up.")
                : HealthCheckResult.Degraded(string.Join(" ", warnings)));
        }
        catch (Exception exception)
        {
            return Task.FromResult(new HealthCheckResult(context.Registration.FailureStatus, "A shield cannot be built.", exception));
        }
    }
}
