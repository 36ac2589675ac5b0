using System.Globalization;

namespace InferenceShield.Samples.Tests.FashionApi;

public sealed class RateLimitTests
{
    [Fact]
    public async Task Over_the_limit_is_429_with_the_seconds_after_which_it_is_answered()
    {
        using Api api = new(Api.Admission + "PerCaller:Queries", "60", Api.Admission + "PerCaller:Burst", "16", Api.Admission + "MaxRowsPerCall", "16");
        using HttpClient alice = api.CreateClient(Api.AliceKey);
        for (int i = 0; i < 16; i++)
        {
            using HttpResponseMessage within = await alice.PredictAsync(Requests.Body(i));
            await within.ReadPredictionsAsync();
        }

        using HttpResponseMessage refused = await alice.PredictAsync(Requests.Body(43));
        string detail = await refused.ReadProblemAsync(429);
        string header = Assert.Single(refused.Headers.GetValues("Retry-After"));
        int seconds = int.Parse(header, NumberStyles.None, CultureInfo.InvariantCulture);
        Assert.Equal(60, seconds); // 60 an hour
        Assert.Contains($"{seconds} s", detail, StringComparison.Ordinal);

        api.Clock.Advance(TimeSpan.FromSeconds(seconds - 1));
        using HttpResponseMessage early = await alice.PredictAsync(Requests.Body(43));
        await early.ReadProblemAsync(429);
        Assert.Equal("1", Assert.Single(early.Headers.GetValues("Retry-After")));

        api.Clock.Advance(TimeSpan.FromSeconds(1));
        using HttpResponseMessage after = await alice.PredictAsync(Requests.Body(43));
        await after.ReadPredictionsAsync();
    }

    [Fact]
    public async Task Less_than_a_second_is_rounded_up()
    {
        using Api api = new(Api.Admission + "PerCaller:Queries", "100000", Api.Admission + "PerCaller:Burst", "16", Api.Admission + "MaxRowsPerCall", "16");
        using HttpClient alice = api.CreateClient(Api.AliceKey);
        using HttpResponseMessage all = await alice.PredictAsync(Requests.Body(Enumerable.Range(0, 16)));
        await all.ReadPredictionsAsync();
        using HttpResponseMessage refused = await alice.PredictAsync(Requests.Body(43));
        await refused.ReadProblemAsync(429);
        Assert.Equal("1", Assert.Single(refused.Headers.GetValues("Retry-After")));
    }

    [Fact]
    public async Task Rows_are_charged_and_other_callers_are_not_affected()
    {
        using Api api = new(Api.Admission + "PerCaller:Burst", "20", Api.Admission + "MaxRowsPerCall", "20");
        using HttpClient alice = api.CreateClient(Api.AliceKey);
        using HttpClient bob = api.CreateClient(Api.BobKey);
        using HttpResponseMessage batch = await alice.PredictAsync(Requests.Body(Enumerable.Range(0, 18)));
        Assert.Equal(18, (await batch.ReadPredictionsAsync()).Length);
        using HttpResponseMessage refused = await alice.PredictAsync(Requests.Body(0, 1, 2));
        await refused.ReadProblemAsync(429);
        using HttpResponseMessage rest = await alice.PredictAsync(Requests.Body(0, 1)); // a refusal charges nothing
        await rest.ReadPredictionsAsync();
        using HttpResponseMessage other = await bob.PredictAsync(Requests.Body(Enumerable.Range(0, 20)));
        Assert.Equal(20, (await other.ReadPredictionsAsync()).Length);
    }

    [Fact]
    public async Task Of_many_calls_at_once_exactly_the_burst_is_answered()
    {
        using Api api = new(Api.Admission + "PerCaller:Burst", "50", Api.Admission + "MaxRowsPerCall", "32");
        using HttpClient alice = api.CreateClient(Api.AliceKey);
        string body = Requests.Body(43);
        HttpResponseMessage[] responses = await Task.WhenAll(Enumerable.Range(0, 120).Select(_ => alice.PredictAsync(body)));
        Assert.Equal(50, responses.Count(response => (int)response.StatusCode == 200));
        foreach (HttpResponseMessage refused in responses.Where(response => (int)response.StatusCode != 200))
        {
            await refused.ReadProblemAsync(429);
            refused.Dispose();
        }
    }
}
