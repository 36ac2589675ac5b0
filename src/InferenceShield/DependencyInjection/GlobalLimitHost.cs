using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace InferenceShield;

/// <summary>Owns the container's <see cref="GlobalLimit"/>, if code or configuration names one, and changes it with the configuration.</summary>
internal sealed class GlobalLimitHost : IDisposable
{
    private static readonly string[] s_keys = [.. typeof(LimitOptions).GetProperties().Select(property => property.Name)];

    private readonly ShieldModelRegistry _registry;
    private readonly ILogger _logger;
    private readonly IDisposable? _registration;

    public GlobalLimitHost(IServiceProvider services)
    {
        _registry = services.GetRequiredService<ShieldModelRegistry>();
        _logger = services.GetService<ILoggerFactory>()?.CreateLogger<GlobalLimit>() ?? NullLogger<GlobalLimit>.Instance;
        if (Section is { } section)
        {
            _registration = ChangeToken.OnChange(section.GetReloadToken, Reload);
        }

        if (_registry.ConfigureGlobalLimit is not null || Section?.GetChildren().Any() == true)
        {
            Limit = new GlobalLimit(Read(), services.GetService<TimeProvider>(), Section?.Path ?? ShieldModelRegistry.GlobalLimitSection);
        }
    }

    /// <summary>The limit; null if there is none, which stays so until a restart.</summary>
    public GlobalLimit? Limit { get; }

    private IConfigurationSection? Section => _registry.Configuration?.GetSection(ShieldModelRegistry.GlobalLimitSection);

    public void Dispose() => _registration?.Dispose();

    private LimitOptions Read()
    {
        LimitOptions options = new();
        _registry.ConfigureGlobalLimit?.Invoke(options);
        if (Section is not { } section)
        {
            return options;
        }

        foreach (IConfigurationSection child in section.GetChildren())
        {
            if (ShieldOptionsReader.FindPeriodFault(child.Path, child.Value) is { } fault)
            {
                throw Fault(fault);
            }

            if (!s_keys.Contains(child.Key, StringComparer.OrdinalIgnoreCase) || string.IsNullOrEmpty(child.Value))
            {
                throw Fault($"{child.Path} is {(string.IsNullOrEmpty(child.Value) ? "empty" : "not known")}; allowed below {section.Path}: {string.Join(", ", s_keys)}.");
            }
        }

        try
        {
            section.Bind(options);
            return options;
        }
        catch (InvalidOperationException exception)
        {
            throw Fault($"{section.Path} cannot be read: {exception.Message}");
        }
    }

    private void Reload()
    {
        if (Limit is null)
        {
            if (Section?.GetChildren().Any() == true)
            {
                ShieldLog.GlobalLimitRejected(_logger, $"{Section.Path} was not there at start. Restart to put it into force.");
            }

            return;
        }

        try
        {
            Limit.Change(Read());
            ShieldLog.GlobalLimitReloaded(_logger);
        }
        catch (OptionsValidationException exception)
        {
            ShieldLog.GlobalLimitRejected(_logger, exception.Message);
        }
    }

    private static OptionsValidationException Fault(string fault) => new("GlobalLimit", typeof(LimitOptions), [fault]);
}
