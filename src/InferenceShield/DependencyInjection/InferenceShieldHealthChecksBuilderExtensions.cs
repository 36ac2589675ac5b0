using InferenceShield;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the health check of InferenceShield.</summary>
public static class InferenceShieldHealthChecksBuilderExtensions
{
    /// <summary>Adds the check <c>inference-shield</c>: Unhealthy if a shield cannot be built; Degraded after a rejected
    /// reload, while a caller table has no room for newcomers, while detection is configured and sees nothing, while marked queries are not kept in the list that is configured, or with a warning of another InferenceShield package.</summary>
    /// <param name="builder">Where to add it.</param>
    /// <param name="tags">Tags to filter endpoints by.</param>
    public static IHealthChecksBuilder AddInferenceShield(this IHealthChecksBuilder builder, params IEnumerable<string> tags)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.Add(new HealthCheckRegistration(
            "inference-shield",
            services => new ShieldHealthCheck(services.GetServices<IShieldHealthContributor>()),
            HealthStatus.Unhealthy,
            tags));
    }
}
