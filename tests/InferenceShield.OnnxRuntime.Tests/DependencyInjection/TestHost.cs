using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace InferenceShield.OnnxRuntime.Tests;

/// <summary>A host over a folder that holds its configuration and its models.</summary>
internal sealed class TestHost : IDisposable
{
    private readonly IHost _host;

    private TestHost(IHost host, IConfigurationRoot configuration, RecordingLoggerFactory logger)
    {
        _host = host;
        Configuration = configuration;
        Logger = logger;
    }

    public IServiceProvider Services => _host.Services;

    public IConfigurationRoot Configuration { get; }

    public RecordingLoggerFactory Logger { get; }

    /// <summary>Builds the host; it is not started.</summary>
    /// <param name="folder">The content root.</param>
    /// <param name="json">What appsettings.json has below "InferenceShield".</param>
    /// <param name="configure">Adds the models.</param>
    public static TestHost Build(TestFolder folder, string json, Action<InferenceShieldBuilder> configure)
    {
        Configure(folder, json);
        HostApplicationBuilder builder = new(new HostApplicationBuilderSettings { DisableDefaults = true, ContentRootPath = folder.Path });
        builder.Configuration.AddJsonFile(folder.File("appsettings.json"), optional: false, reloadOnChange: false);
        RecordingLoggerFactory logger = new();
        builder.Services.Replace(ServiceDescriptor.Singleton<ILoggerFactory>(logger));
        builder.Services.AddHealthChecks().AddInferenceShield();
        configure(builder.Services.AddInferenceShield(builder.Configuration.GetSection("InferenceShield")).UseSecret(ShieldSecrets.Ephemeral()));
        return new TestHost(builder.Build(), builder.Configuration, logger);
    }

    public static async Task<TestHost> StartAsync(TestFolder folder, string json, Action<InferenceShieldBuilder> configure)
    {
        TestHost host = Build(folder, json, configure);
        try
        {
            await host.StartAsync();
            return host;
        }
        catch
        {
            host.Dispose();
            throw;
        }
    }

    public static void Configure(TestFolder folder, string json) =>
        File.WriteAllText(folder.File("appsettings.json"), $$"""{ "InferenceShield": {{json}} }""");

    public Task StartAsync() => _host.StartAsync();

    public ShieldedSession Session(string model) => Services.GetRequiredKeyedService<ShieldedSession>(model);

    public void Dispose() => _host.Dispose();
}
