using InferenceShield.Samples.Tests.Support;
using InferenceShield.Tests;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace InferenceShield.Samples.Tests.FashionApi;

/// <summary>The sample as it is, with another setting here and there and a clock that stands still.</summary>
/// <param name="settings">Over those of the files: key, value, key, value.</param>
internal sealed class Api(params string[] settings) : WebApplicationFactory<Program>
{
    public const string AliceKey = "demo-key-alice";
    public const string BobKey = "demo-key-bob";
    public const string Admission = "InferenceShield:Models:fashion:Shield:Admission:";

    public string EnvironmentName { get; init; } = Environments.Development;

    /// <summary>Where appsettings.json is; by default the sample's own folder.</summary>
    public string? ContentRoot { get; init; }

    public Action<IServiceCollection>? Configure { get; init; }

    public ManualTimeProvider Clock { get; } = new();

    public LogRecorder Log { get; } = new();

    /// <summary>An Api with a burst that no test but those of the limits uses up.</summary>
    public static Api WithoutLimits() => new(Admission + "PerCaller:Burst", "100000", Admission + "MaxRowsPerCall", "32");

    public HttpClient CreateClient(string? key)
    {
        HttpClient client = CreateClient();
        if (key is not null)
        {
            client.DefaultRequestHeaders.Add("X-Api-Key", key);
        }

        return client;
    }

    protected override void ConfigureWebHost(IWebHostBuilder builder)
    {
        builder.UseEnvironment(EnvironmentName);
        for (int i = 0; i < settings.Length; i += 2)
        {
            builder.UseSetting(settings[i], settings[i + 1]);
        }

        if (ContentRoot is not null)
        {
            builder.UseContentRoot(ContentRoot);
        }

        builder.ConfigureLogging(logging => logging.ClearProviders().AddProvider(Log));
        builder.ConfigureTestServices(services =>
        {
            services.AddSingleton<TimeProvider>(Clock);
            Configure?.Invoke(services);
        });
    }
}
