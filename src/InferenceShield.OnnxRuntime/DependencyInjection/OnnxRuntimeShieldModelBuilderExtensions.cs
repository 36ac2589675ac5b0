using InferenceShield;
using InferenceShield.OnnxRuntime;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.ML.OnnxRuntime;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Runs shielded models on ONNX Runtime.</summary>
public static class OnnxRuntimeShieldModelBuilderExtensions
{
    private const string SessionSection = "Session";

    /// <summary>Registers the model's <see cref="ShieldedSession"/> as a keyed singleton, loaded when the host starts.</summary>
    /// <param name="builder">The model.</param>
    /// <remarks>To set anything else of ONNX Runtime, register a keyed singleton <see cref="SessionOptions"/> under the model's name.
    /// To find a session by a name that a caller sent, use <see cref="ShieldedSessionCatalog"/>.</remarks>
    /// <param name="configure">How it runs; <c>Models:{name}:Session</c> in the configuration, where it names the same option, wins.</param>
    public static ShieldModelBuilder UseOnnxRuntime(this ShieldModelBuilder builder, Action<ShieldedSessionOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        OptionsBuilder<ShieldedSessionOptions> options = builder.Services.AddOptions<ShieldedSessionOptions>(builder.Name);
        if (configure is not null)
        {
            options.Configure(configure);
        }

        if (builder.GetSection(SessionSection) is { } section)
        {
            options.Configure(session => Bind(section, session));
        }

        builder.Services.TryAddKeyedSingleton(builder.Name, static (services, key) => CreateSession(services, (string)key!));
        builder.Services.AddSingleton(new SessionRegistration(builder.Name));
        builder.Services.TryAddSingleton(static services =>
            new ShieldedSessionCatalog(services, services.GetServices<SessionRegistration>()));
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, SessionStartup>());
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IShieldHealthContributor, RuntimeTelemetryHealthContributor>());
        return builder;
    }

    /// <summary>Registers the model's <see cref="ShieldedSession"/> as a keyed singleton, loaded when the host starts.</summary>
    /// <param name="builder">The model.</param>
    /// <param name="modelPath">The ONNX file. A relative path is looked for below the content root, then beside the application.</param>
    /// <param name="device">What it runs on; by default the CPU.</param>
    public static ShieldModelBuilder UseOnnxRuntime(this ShieldModelBuilder builder, string modelPath, ExecutionDevice? device = null)
    {
        ArgumentNullException.ThrowIfNull(modelPath);
        return builder.UseOnnxRuntime(options =>
        {
            options.ModelPath = modelPath;
            options.Device = device?.Clone() ?? ExecutionDevice.Cpu; // configuration is bound over it
        });
    }

    private static void Bind(IConfigurationSection section, ShieldedSessionOptions options)
    {
        try
        {
            section.Bind(options, binder => binder.ErrorOnUnknownConfiguration = true);
            CheckName<ExecutionDeviceKind>(section, "Device:Kind");
            CheckName<NonFiniteInputs>(section, "NonFiniteInputs");
            if (section["AnswerCache"] is { Length: > 0 } value)
            {
                // The binder would leave it off without a word.
                throw new InvalidOperationException($"AnswerCache is '{value}'; allowed: a section with Megabytes in it.");
            }
        }
        catch (InvalidOperationException exception)
        {
            throw new OptionsValidationException(section.Path, typeof(ShieldedSessionOptions), [$"{section.Path}: {exception.Message}"]);
        }
    }

    /// <summary>One name, not a number and not several joined by commas, which the binder would take for another value.</summary>
    private static void CheckName<T>(IConfigurationSection section, string key)
        where T : struct, Enum
    {
        if (section[key] is { } value && !Enum.GetNames<T>().Contains(value, StringComparer.OrdinalIgnoreCase))
        {
            throw new InvalidOperationException($"{key} is '{value}'; allowed: {string.Join(", ", Enum.GetNames<T>())}.");
        }
    }

    private static ShieldedSession CreateSession(IServiceProvider services, string name)
    {
        // By the factory, not the monitor: a session does not reload, so a bad reload must not reach it.
        ShieldedSessionOptions options = services.GetRequiredService<IOptionsFactory<ShieldedSessionOptions>>().Create(name);
        if (string.IsNullOrWhiteSpace(options.ModelPath))
        {
            throw new ModelFileException($"Model '{name}' has no file. Set Models:{name}:Session:ModelPath, or give UseOnnxRuntime a path.");
        }

        string? contentRoot = services.GetService<IHostEnvironment>()?.ContentRootPath;
        return new ShieldedSession(
            services.GetRequiredKeyedService<Shield>(name),
            FindModel(options.ModelPath, contentRoot),
            options,
            services.GetKeyedService<SessionOptions>(name),
            services.GetService<ILoggerFactory>());
    }

    private static string FindModel(string path, string? contentRoot)
    {
        string beside = Path.Combine(AppContext.BaseDirectory, path);
        if (contentRoot is null || Path.IsPathRooted(path))
        {
            return beside; // which is the path itself if it is rooted
        }

        string below = Path.Combine(contentRoot, path);
        return File.Exists(below) || !File.Exists(beside) ? below : beside;
    }
}
