using System.Numerics.Tensors;
using InferenceShield.Samples;
using InferenceShield.Samples.FashionApi;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace InferenceShield.Lab.Tests;

/// <summary>The sample service, over real sockets: its answers, its keys, its limits, and a theft of it.</summary>
public sealed class FashionApiOracleTests
{
    private readonly SimulatedTimeProvider _time = new();
    private readonly Dataset _images = TestData.Images(120);

    [Fact]
    public async Task Answers_are_what_the_shield_releases()
    {
        using WebApplicationFactory<Program> api = Start(queries: 1_000_000, burst: 1000);
        using HttpOracle oracle = await HttpOracle.ConnectAsync(Options(api));
        Assert.Equal((784, 10), (oracle.InputLength, oracle.AnswerLength));
        float[] answers = new float[120 * 10];
        Assert.Equal(new OracleReply(120), await oracle.AskAsync(_images.Values, answers, default));
        int right = 0;
        FashionDataset truth = FashionDataset.LoadSubset();
        for (int row = 0; row < 120; row++)
        {
            float[] answer = answers[(row * 10)..((row + 1) * 10)];
            Assert.Equal(1m, answer.Sum(value => (decimal)value));
            Assert.All(answer, value => Assert.Equal((decimal)value, Math.Round((decimal)value, 2)));
            right += TensorPrimitives.IndexOfMax(answer) == truth.Labels.Span[row] ? 1 : 0;
        }

        Assert.InRange(right, 100, 120);
    }

    [Fact]
    public async Task A_key_that_is_wrong_or_missing_is_an_error_that_does_not_show_it()
    {
        using WebApplicationFactory<Program> api = Start(queries: 1000);
        OracleException wrong = await Assert.ThrowsAsync<OracleException>(() => HttpOracle.ConnectAsync(Options(api, "not-the-key")));
        Assert.Contains("answered with 401. Set ApiKey", wrong.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("not-the-key", wrong.ToString(), StringComparison.Ordinal);
        await Assert.ThrowsAsync<OracleException>(() => HttpOracle.ConnectAsync(Options(api, null)));
    }

    [Fact]
    public async Task Its_limit_is_a_refusal_and_a_patient_theft_ends_in_simulated_time()
    {
        using WebApplicationFactory<Program> api = Start(queries: 60);
        using HttpOracle oracle = await HttpOracle.ConnectAsync(Options(api));
        float[] answers = new float[120 * 10];
        Assert.Equal(
            new OracleReply(32, TimeSpan.FromMinutes(16), Unasked: 56),
            await oracle.AskAsync(_images.Values, answers, default)); // a burst of 48, in calls of 32
        QueryMeter meter = new();
        OracleReply reply = await new RetryOracle(new ObservedOracle(oracle, "bob", meter)).AskAsync(_images.Values, answers, default);
        Assert.Equal(120, reply.Answered);
        Assert.Equal(TimeSpan.FromMinutes(32 + 120 - 48), meter.Duration); // one a minute after the burst
    }

    private static HttpOracleOptions Options(WebApplicationFactory<Program> api, string? key = "demo-key-alice") => new()
    {
        Endpoint = api.ClientOptions.BaseAddress,
        Model = "fashion",
        IsAuthorised = true,
        Protocol = HttpProtocol.Predict,
        ApiKey = key,
        Time = api.Services.GetRequiredService<TimeProvider>(),
    };

    private WebApplicationFactory<Program> Start(int queries, int burst = 48)
    {
        const string Admission = "InferenceShield:Models:fashion:Shield:Admission:";
#pragma warning disable CA2000 // the factory made from it disposes it
        WebApplicationFactory<Program> api = new WebApplicationFactory<Program>().WithWebHostBuilder(builder => builder
            .UseEnvironment(Environments.Development)
            .UseSetting(Admission + "PerCaller:Queries", $"{queries}")
            .UseSetting(Admission + "PerCaller:Burst", $"{burst}")
            .UseSetting(Admission + "MaxRowsPerCall", "32")
            .ConfigureLogging(logging => logging.ClearProviders())
            .ConfigureTestServices(services => services.AddSingleton<TimeProvider>(_time)));
#pragma warning restore CA2000
        api.UseKestrel(0);
        api.StartServer();
        return api;
    }
}
