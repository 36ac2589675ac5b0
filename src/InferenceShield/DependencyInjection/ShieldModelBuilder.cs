using InferenceShield;
using Microsoft.Extensions.Configuration;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers one shielded model.</summary>
public sealed class ShieldModelBuilder
{
    private readonly ShieldModelRegistry _registry;

    internal ShieldModelBuilder(string name, IServiceCollection services, ShieldModelRegistry registry)
    {
        Name = name;
        Services = services;
        _registry = registry;
    }

    /// <summary>The model's name.</summary>
    public string Name { get; }

    /// <summary>The services that everything is registered in.</summary>
    public IServiceCollection Services { get; }

    /// <summary>Declares an output that may be released.</summary>
    /// <param name="name">Its name in the model.</param>
    /// <param name="kind">What its numbers are.</param>
    /// <param name="hardening">How it is released; by default as <see cref="ShieldOptions.Hardening"/> says.</param>
    public ShieldModelBuilder AddOutput(string name, OutputKind kind, HardeningOptions? hardening = null)
    {
        ArgumentNullException.ThrowIfNull(name);

        // A copy each time: configuration is bound over it, and must not change what the caller gave or the next reload starts from.
        return Configure(options => options.Outputs[name] = new OutputOptions { Kind = kind, Hardening = hardening?.Clone() });
    }

    /// <summary>Changes any option. The configuration, where it names the same option, wins.</summary>
    public ShieldModelBuilder Configure(Action<ShieldOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        Services.Configure(Name, configure);
        return this;
    }

    /// <summary>The part <c>Models:{name}:{section}</c> of the configuration, for packages that add to a model.</summary>
    /// <returns><see langword="null"/> if the shield was registered without configuration.</returns>
    public IConfigurationSection? GetSection(string section)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(section);
        return _registry.ModelSection(Name, section);
    }
}
