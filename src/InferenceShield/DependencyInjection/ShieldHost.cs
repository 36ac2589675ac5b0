using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace InferenceShield;

/// <summary>Owns one model's shield in a container and gives it new options when their sources change.</summary>
/// <remarks>Options are made by the factory, not by the monitor: after a bad reload the monitor throws out of the
/// configuration's Reload and on every later read. Here a bad reload is logged, shown by the health check, and the last
/// good options stay.</remarks>
internal sealed class ShieldHost : IDisposable
{
    private readonly ShieldModelRegistry _registry;
    private readonly IOptionsFactory<ShieldOptions> _optionsFactory;
    private HashSet<string> _keysInForce;
    private readonly List<IDisposable> _registrations = [];

    public ShieldHost(IServiceProvider services, string model)
    {
        _registry = services.GetRequiredService<ShieldModelRegistry>();
        _keysInForce = _registry.ReadKeys(model);
        _optionsFactory = services.GetRequiredService<IOptionsFactory<ShieldOptions>>();
        ILoggerFactory? loggers = services.GetService<ILoggerFactory>();
        ILogger logger = loggers?.CreateLogger<Shield>() ?? NullLogger<Shield>.Instance;
        ShieldOptions options = _optionsFactory.Create(model);
        IReadOnlyList<string> faults = ShieldOptionsValidator.Validate(options, _registry.OptionsPrefix(model), serving: null);
        if (faults.Count > 0)
        {
            // Before the secret is asked for, whose absence would hide them.
            throw new OptionsValidationException(model, typeof(ShieldOptions), faults);
        }

        Shield = new Shield(
            model,
            options,
            services.GetRequiredService<IShieldSecretProvider>(),
            services.GetService<TimeProvider>() ?? TimeProvider.System,
            logger,
            _registry.OptionsPrefix(model),
            services.GetRequiredService<GlobalLimitHost>().Limit,
            [.. services.GetServices<IShieldEventSink>(), .. loggers is null ? Array.Empty<IShieldEventSink>() : [new LoggerEventSink(logger)]],
            services.GetService<IShieldContainment>());
        foreach (IOptionsChangeTokenSource<ShieldOptions> source in services.GetServices<IOptionsChangeTokenSource<ShieldOptions>>())
        {
            if (source.Name == model)
            {
                _registrations.Add(ChangeToken.OnChange(source.GetChangeToken, Reload));
            }
        }
    }

    public Shield Shield { get; }

    public void Dispose()
    {
        _registrations.ForEach(registration => registration.Dispose());
        Shield.Dispose();
    }

    private void Reload()
    {
        // A file that is gone, or cannot be read any more, takes its keys out of the configuration without a word. What is
        // left would be valid, and laxer than what somebody wrote.
        HashSet<string> keys = _registry.ReadKeys(Shield.Name);
        if (!keys.IsSupersetOf(_keysInForce))
        {
            Shield.RejectReload($"{string.Join(", ", _keysInForce.Except(keys, StringComparer.OrdinalIgnoreCase).Order(StringComparer.Ordinal))} was in force and is gone. Is the file readable? To go back to a default, write the default, or restart.");
            return;
        }

        ShieldOptions options;
        try
        {
            string[] unread = [.. _registry.FindFaults()];
            options = unread.Length == 0
                ? _optionsFactory.Create(Shield.Name)
                : throw new OptionsValidationException(Shield.Name, typeof(ShieldOptions), unread);
        }
        catch (Exception exception)
        {
            // A value that cannot be read, a key nobody knows: the last good options stay, health turns Degraded.
            Shield.RejectReload(exception.Message);
            return;
        }

        try
        {
            Shield.Reload(options);
            _keysInForce = keys;
        }
        catch (OptionsValidationException)
        {
            // The shield has logged it and shows it as ReloadFault.
        }
        catch (ObjectDisposedException)
        {
            // A change notice that crossed with the end of the host.
        }
    }
}
