namespace InferenceShield.Samples.Tests.FashionApi;

public sealed class ApiKeyTests(ApiFixture fixture) : IClassFixture<ApiFixture>
{
    private readonly Api _api = fixture.Api;

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("unknown")]
    [InlineData("demo-key-alicE")]
    [InlineData("demo-key-alice2")]
    [InlineData("alice")]
    [InlineData("d2ccb44c1b8a5ff4a1f7a8a4b7e3c8dd")]
    public async Task Without_a_known_key_nothing_is_answered(string? key)
    {
        using HttpClient nobody = _api.CreateClient(key);
        using HttpResponseMessage predict = await nobody.PredictAsync(Requests.Body(43));
        Assert.Equal("", await predict.ReadProblemAsync(401));
        Assert.Equal("ApiKey", predict.Headers.WwwAuthenticate.ToString());
        using HttpResponseMessage describe = await nobody.GetAsync("/v1/models/fashion");
        await describe.ReadProblemAsync(401);
    }

    [Fact]
    public async Task The_hash_of_a_key_is_no_key()
    {
        string settings = await File.ReadAllTextAsync(Path.Combine(SampleFiles.FindRoot(), "samples", "FashionApi", "appsettings.Development.json"));
        string hash = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData("demo-key-alice"u8));
        Assert.Contains(hash, settings, StringComparison.Ordinal);
        using HttpClient thief = _api.CreateClient(hash);
        using HttpResponseMessage response = await thief.PredictAsync(Requests.Body(43));
        await response.ReadProblemAsync(401);
    }

    [Fact]
    public async Task Two_keys_at_once_or_an_endless_one_are_none()
    {
        using HttpClient both = _api.CreateClient(Api.AliceKey);
        both.DefaultRequestHeaders.Add("X-Api-Key", Api.BobKey);
        using HttpResponseMessage twice = await both.PredictAsync(Requests.Body(43));
        await twice.ReadProblemAsync(401);
        using HttpClient endless = _api.CreateClient(new string('k', 10_000));
        using HttpResponseMessage response = await endless.PredictAsync(Requests.Body(43));
        await response.ReadProblemAsync(401);
    }

    [Fact]
    public async Task Strangers_learn_nothing_about_models_and_are_refused_before_their_body_is_read()
    {
        using HttpClient nobody = _api.CreateClient(key: null);
        using HttpResponseMessage unknown = await nobody.PredictAsync("{}", "/v1/models/unknown:predict");
        await unknown.ReadProblemAsync(401);
        using HttpResponseMessage garbage = await nobody.PredictAsync("{ no JSON");
        await garbage.ReadProblemAsync(401);
    }

    [Fact]
    public async Task Without_keys_in_the_configuration_everybody_gets_401_and_the_log_says_why()
    {
        using Api api = new("Api:Keys:alice", "", "Api:Keys:bob", "");
        using HttpClient alice = api.CreateClient(Api.AliceKey);
        using HttpResponseMessage response = await alice.PredictAsync(Requests.Body(43));
        await response.ReadProblemAsync(401);
        Assert.Contains(api.Log.Lines, line => line.StartsWith("Warning", StringComparison.Ordinal) && line.Contains("Api:Keys is empty", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("demo-key-carol")]
    [InlineData("d2ccb44c")]
    [InlineData("zzccb44c1b8a5ff4a1f7a8a4b7e3c8ddd2ccb44c1b8a5ff4a1f7a8a4b7e3c8dd")]
    public void A_value_that_is_no_hash_stops_the_start_and_is_not_repeated(string value)
    {
        using Api api = new("Api:Keys:carol", value);
        InvalidOperationException exception = Assert.Throws<InvalidOperationException>(() => api.CreateClient());
        Assert.Contains("Api:Keys:carol", exception.Message, StringComparison.Ordinal);
        Assert.Contains("sha256sum", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(value, exception.ToString(), StringComparison.Ordinal);
    }
}
