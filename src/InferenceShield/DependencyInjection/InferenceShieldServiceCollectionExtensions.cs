using InferenceShield;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers InferenceShield.</summary>
public static class InferenceShieldServiceCollectionExtensions
{
    /// <summary>Registers InferenceShield without configuration: models, options and secret are given in code.</summary>
    public static InferenceShieldBuilder AddInferenceShield(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        if (services.FirstOrDefault(service => service.ServiceType == typeof(ShieldModelRegistry))?.ImplementationInstance is ShieldModelRegistry existing)
        {
            return new InferenceShieldBuilder(services, existing);
        }

        ShieldModelRegistry registry = new();
        services.AddSingleton(registry);
        services.AddOptions();
        services.TryAddSingleton(CreateSecretProvider);
        services.TryAddSingleton<GlobalLimitHost>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, ShieldStartup>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IShieldHealthContributor, ShieldHealthContributor>());
        return new InferenceShieldBuilder(services, registry);
    }

    /// <summary>Registers InferenceShield with configuration, which is read again when it changes.</summary>
    /// <param name="services">Where to register.</param>
    /// <param name="configuration">Usually <c>configuration.GetSection("InferenceShield")</c>: <c>Secret</c>, <c>Defaults</c>,
    /// <c>GlobalLimit</c> and <c>Models:{name}</c>. Keys that nobody reads are an error.</param>
    public static InferenceShieldBuilder AddInferenceShield(this IServiceCollection services, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        InferenceShieldBuilder builder = services.AddInferenceShield();
        builder.UseConfiguration(configuration);
        return builder;
    }

    private static IShieldSecretProvider CreateSecretProvider(IServiceProvider services)
    {
        IConfiguration? configuration = services.GetRequiredService<ShieldModelRegistry>().Configuration;
        SecretOptions options = new();
        string path = configuration is IConfigurationSection section ? section.Path + ":Secret" : "Secret";
        try
        {
            configuration?.GetSection(ShieldModelRegistry.SecretSection).Bind(options, binder => binder.ErrorOnUnknownConfiguration = true);
        }
        catch (InvalidOperationException)
        {
            // Without the binder's text: somebody may have written the secret itself where it does not belong.
            throw new ShieldSecretException($"{path} cannot be read. It takes EnvironmentVariable (a name), File (a path) or UseDevelopmentSecret (true or false), and nothing else.");
        }


        // Environment variables and command lines can only say "" where they mean "not set".
        bool fromEnvironment = !string.IsNullOrEmpty(options.EnvironmentVariable);
        bool fromFile = !string.IsNullOrEmpty(options.File);
        int named = (fromEnvironment ? 1 : 0) + (fromFile ? 1 : 0) + (options.UseDevelopmentSecret ? 1 : 0);
        if (named != 1)
        {
            throw new ShieldSecretException(
                $"{(named == 0 ? "The shield has no secret" : "The shield's secret is named more than once")}. Set exactly one of {path}:EnvironmentVariable, {path}:File and (in Development) {path}:UseDevelopmentSecret, or call UseSecret.");
        }

        if (fromEnvironment)
        {
            return ShieldSecrets.FromEnvironment(options.EnvironmentVariable!);
        }

        if (fromFile)
        {
            return ShieldSecrets.FromFile(options.File!);
        }

        return services.GetService<IHostEnvironment>() is { } environment
            ? ShieldSecrets.Development(environment.EnvironmentName)
            : ShieldSecrets.Development();
    }
}
