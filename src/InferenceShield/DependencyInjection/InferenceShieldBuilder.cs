using InferenceShield;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers shielded models: see <see cref="InferenceShieldServiceCollectionExtensions.AddInferenceShield(IServiceCollection)"/>.</summary>
public sealed class InferenceShieldBuilder
{
    private readonly ShieldModelRegistry _registry;

    internal InferenceShieldBuilder(IServiceCollection services, ShieldModelRegistry registry)
    {
        Services = services;
        _registry = registry;
    }

    /// <summary>The services that everything is registered in.</summary>
    public IServiceCollection Services { get; }

    /// <summary>Where the secret comes from, instead of <c>Secret</c> in the configuration.</summary>
    public InferenceShieldBuilder UseSecret(IShieldSecretProvider provider)
    {
        ArgumentNullException.ThrowIfNull(provider);
        Services.Replace(ServiceDescriptor.Singleton(provider));
        return this;
    }

    /// <summary>What all models may be asked together. <c>GlobalLimit</c> in the configuration sets the same.</summary>
    /// <param name="configure">Sets at least Queries, Period and Burst; the configuration comes over it.</param>
    public InferenceShieldBuilder UseGlobalLimit(Action<LimitOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        _registry.ConfigureGlobalLimit += configure;
        return this;
    }

    internal void UseConfiguration(IConfiguration configuration)
    {
        if (_registry.Configuration is { } before && !IsSame(before, configuration))
        {
            throw new InvalidOperationException("AddInferenceShield was given two different configurations. Give it one; later calls can go without.");
        }

        if (_registry.Configuration is null && _registry.Models.Count > 0)
        {
            throw new InvalidOperationException("AddInferenceShield was given a configuration after models were added. Give it in the first call.");
        }

        _registry.Configuration = configuration;
    }

    /// <summary>Registers a model's shield as the keyed singleton <see cref="Shield"/>, validated when the host starts.</summary>
    /// <param name="name">The model's name: the service key, the name of its options, and part of its answers' keys.</param>
    /// <param name="configure">Declares its outputs and how it runs.</param>
    /// <remarks>Options come from, each over the one before: the defaults, <c>Defaults</c> in the configuration,
    /// <paramref name="configure"/>, and <c>Models:{name}:Shield</c> in the configuration. Calling it twice for one name adds up.</remarks>
    public InferenceShieldBuilder AddModel(string name, Action<ShieldModelBuilder>? configure = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        if (!_registry.Models.Contains(name) && _registry.Models.Contains(name, StringComparer.OrdinalIgnoreCase))
        {
            throw new ArgumentException($"A model whose name differs from '{name}' only in case is registered already; configuration could not tell them apart.", nameof(name));
        }

        ShieldModelBuilder model = new(name, Services, _registry);
        if (!_registry.Models.Add(name))
        {
            configure?.Invoke(model);
            return this;
        }

        Services.AddKeyedSingleton(name, static (services, key) => new ShieldHost(services, (string)key!));
        Services.AddKeyedSingleton(name, static (services, key) => services.GetRequiredKeyedService<ShieldHost>(key).Shield);
        if (_registry.Configuration?.GetSection(ShieldModelRegistry.DefaultsSection) is { } defaults)
        {
            Bind(name, defaults);
        }

        configure?.Invoke(model);
        if (_registry.ModelSection(name, ShieldModelRegistry.ShieldSection) is { } section)
        {
            Bind(name, section);
        }

        return this;
    }

    /// <summary>As OptionsBuilder.Bind, but what cannot be read is a fault like any other, reported with the rest.</summary>
    private void Bind(string name, IConfigurationSection section)
    {
        Services.AddSingleton<IOptionsChangeTokenSource<ShieldOptions>>(new ConfigurationChangeTokenSource<ShieldOptions>(name, section));
        Services.Configure<ShieldOptions>(name, options => ShieldOptionsReader.Read(section, options));
    }

    private static bool IsSame(IConfiguration left, IConfiguration right) =>
        ReferenceEquals(left, right)
        || (left is IConfigurationSection a && right is IConfigurationSection b && string.Equals(a.Path, b.Path, StringComparison.OrdinalIgnoreCase));
}
