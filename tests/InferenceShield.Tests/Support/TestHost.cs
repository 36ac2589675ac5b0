using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace InferenceShield.Tests;

/// <summary>A generic host with settings below "InferenceShield" that can be changed while it runs.</summary>
internal sealed class TestHost : IDisposable
{
    private readonly HostApplicationBuilder _builder;
    private readonly SettingsSource _settings = new();
    private IHost? _host;

    public TestHost(params (string Key, string? Value)[] settings)
        : this("Production", settings)
    {
    }

    public TestHost(string environment, params (string Key, string? Value)[] settings)
    {
        _builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true, EnvironmentName = environment });
        ((IConfigurationBuilder)_builder.Configuration).Add(_settings);
        _builder.Services.AddSingleton<ILoggerFactory>(Logger);
        _builder.Services.AddSingleton<TimeProvider>(Clock);
        _builder.Services.AddHealthChecks().AddInferenceShield();
        Set(settings);
    }

    public RecordingLoggerFactory Logger { get; } = new();

    public ManualTimeProvider Clock { get; } = new();

    public IServiceCollection Services => _builder.Services;

    public IConfigurationSection Section => _builder.Configuration.GetSection("InferenceShield");

    public IServiceProvider Provider => (_host ??= _builder.Build()).Services;

    /// <summary>Registers the shield with the section and a secret of the test's.</summary>
    public InferenceShieldBuilder AddShield() =>
        Services.AddInferenceShield(Section).UseSecret(ShieldSecrets.FromBytes(TestShield.Secret(1)));

    /// <summary>One model with one output, in code.</summary>
    public TestHost WithModel(string name = "fashion", Action<ShieldModelBuilder>? configure = null)
    {
        AddShield().AddModel(name, model =>
        {
            model.AddOutput(TestShield.Output, OutputKind.Probabilities);
            model.Configure(options => options.Callers.Capacity = 10);
            configure?.Invoke(model);
        });
        return this;
    }

    public TestHost Start()
    {
        _ = Provider;
        _host!.StartAsync().GetAwaiter().GetResult();
        return this;
    }

    public Shield Shield(string name = "fashion") => Provider.GetRequiredKeyedService<Shield>(name);

    public void Set(params (string Key, string? Value)[] settings)
    {
        foreach ((string key, string? value) in settings)
        {
            _settings["InferenceShield:" + key] = value;
        }
    }

    /// <summary>Changes settings and tells everybody, as a changed file would. Throws what a listener throws.</summary>
    public void Reload(params (string Key, string? Value)[] settings)
    {
        Set(settings);
        ((IConfigurationRoot)_builder.Configuration).Reload();
    }

    public void Dispose()
    {
        _host?.Dispose();
        Logger.Dispose();
    }
}
