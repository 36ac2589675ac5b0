using System.Security.Cryptography;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace InferenceShield.Samples.Tests.FashionApi;

public sealed class StartTests
{
    private const string Variable = "INFERENCE_SHIELD_SECRET";
    private const string VariableKey = "InferenceShield:Secret:EnvironmentVariable";

    [Fact]
    public void Production_without_a_secret_does_not_start_and_names_the_variable()
    {
        string? before = Environment.GetEnvironmentVariable(Variable);
        Environment.SetEnvironmentVariable(Variable, null);
        try
        {
            using Api api = new() { EnvironmentName = Environments.Production };
            ShieldSecretException exception = Assert.Throws<ShieldSecretException>(() => api.CreateClient());
            Assert.Contains($"'{Variable}' is not set", exception.Message, StringComparison.Ordinal);
            Assert.Contains("openssl rand -base64 32", exception.Message, StringComparison.Ordinal);
        }
        finally
        {
            Environment.SetEnvironmentVariable(Variable, before);
        }
    }

    [Fact]
    public async Task Production_starts_with_a_secret_and_without_the_demo_keys()
    {
        string variable = $"{Variable}_{Guid.NewGuid():N}";
        Environment.SetEnvironmentVariable(variable, Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)));
        try
        {
            using Api api = new(VariableKey, variable, "Api:Keys:carol", Convert.ToHexString(SHA256.HashData("key of carol"u8)))
            {
                EnvironmentName = Environments.Production,
            };
            using HttpClient carol = api.CreateClient("key of carol");
            using HttpResponseMessage answered = await carol.PredictAsync(Requests.Body(43));
            Assert.Single(await answered.ReadPredictionsAsync());
            using HttpResponseMessage bad = await carol.PredictAsync("{");
            Assert.Contains("The body is not the JSON", await bad.ReadProblemAsync(400), StringComparison.Ordinal);
            using HttpClient alice = api.CreateClient(Api.AliceKey);
            using HttpResponseMessage refused = await alice.PredictAsync(Requests.Body(43));
            await refused.ReadProblemAsync(401);
        }
        finally
        {
            Environment.SetEnvironmentVariable(variable, null);
        }
    }

    [Fact]
    public void The_development_secret_does_not_start_in_production()
    {
        using Api api = new("InferenceShield:Secret:UseDevelopmentSecret", "true") { EnvironmentName = Environments.Production };
        ShieldSecretException exception = Assert.Throws<ShieldSecretException>(() => api.CreateClient());
        Assert.Contains("more than once", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Options_out_of_range_stop_the_start_all_named_at_once()
    {
        using Api api = new(Api.Admission + "MaxRowsPerCall", "1000", "InferenceShield:Models:fashion:Shield:Hardening:Decimals", "9");
        OptionsValidationException exception = Assert.Throws<OptionsValidationException>(() => api.CreateClient());
        Assert.Contains("Admission:MaxRowsPerCall is 1000", exception.Message, StringComparison.Ordinal);
        Assert.Contains("Hardening:Decimals is 9", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Labels_that_are_not_as_many_as_the_classes_stop_the_start()
    {
        using Api api = new("Api:Labels:fashion:10", "Umbrella");
        InvalidOperationException exception = Assert.Throws<InvalidOperationException>(() => api.CreateClient());
        Assert.Contains("Api:Labels:fashion has 11 labels; the model has 10 classes", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_that_nobody_reads_stops_the_start()
    {
        using Api api = new("InferenceShield:Models:fashion:Sheild:Mode", "Enforce");
        OptionsValidationException exception = Assert.Throws<OptionsValidationException>(() => api.CreateClient());
        Assert.Contains("Models:fashion:Sheild is not known", exception.Message, StringComparison.Ordinal);
    }
}
