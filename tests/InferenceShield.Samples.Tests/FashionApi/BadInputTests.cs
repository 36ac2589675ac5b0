using System.Net.Mime;
using System.Text;

namespace InferenceShield.Samples.Tests.FashionApi;

public sealed class BadInputTests(ApiFixture fixture) : IClassFixture<ApiFixture>
{
    private readonly Api _api = fixture.Api;

    public static TheoryData<string, string, string> Bodies { get; } = new()
    {
        { "empty", "", "The body is not the JSON" },
        { "white space", "  ", "line 1" },
        { "null", "null", "The body is not the JSON" },
        { "a number", "5", "at $" },
        { "an array", "[[0]]", "at $" },
        { "no JSON", "instances=0", "line 1, byte 1" },
        { "cut short", "{\"instances\":[[0,", "The body is not the JSON" },
        { "something after the end", "{\"instances\":[[0]]} {}", "The body is not the JSON" },
        { "a comment", "{/* */\"instances\":[[0]]}", "line 1, byte 2" },
        { "no members", "{}", "'instances' is missing or empty" },
        { "instances null", "{\"instances\":null}", "'instances' is missing or empty" },
        { "instances empty", "{\"instances\":[]}", "'instances' is missing or empty" },
        { "instances a number", "{\"instances\":1}", "at $.instances" },
        { "instances flat", "{\"instances\":[0,0]}", "at $.instances[0]" },
        { "a row null", "{\"instances\":[null]}", "instances[0] has 0 numbers; the model takes 784" },
        { "a row empty", "{\"instances\":[[]]}", "instances[0] has 0 numbers" },
        { "a row short", Requests.BodyOf(Requests.RowWith("0"), Requests.RowWith("0", 783)), "instances[1] has 783 numbers; the model takes 784" },
        { "a row long", Requests.BodyOf(Requests.RowWith("0", 785)), "instances[0] has 785 numbers" },
        { "rows of 28x28", Requests.BodyOf("[" + string.Join(',', Enumerable.Repeat(Requests.RowWith("0", 28), 28)) + "]"), "at $.instances[0][0]" },
        { "null among numbers", Requests.BodyOf(Requests.RowWith("null")), "at $.instances[0][783]" },
        { "true among numbers", Requests.BodyOf(Requests.RowWith("true")), "at $.instances[0][783]" },
        { "text among numbers", Requests.BodyOf(Requests.RowWith("\"x\"")), "at $.instances[0][783]" },
        { "a number in quotes", Requests.BodyOf(Requests.RowWith("\"0.5\"")), "at $.instances[0][783]" },
        { "NaN", Requests.BodyOf(Requests.RowWith("NaN")), "at $.instances[0][783]" },
        { "NaN in quotes", Requests.BodyOf(Requests.RowWith("\"NaN\"")), "at $.instances[0][783]" },
        { "Infinity", Requests.BodyOf(Requests.RowWith("-Infinity")), "at $.instances[0][783]" },
        { "1e999", Requests.BodyOf(Requests.RowWith("1e999")), "NaN or infinity at row 0, element 783" },
        { "-1e39", Requests.BodyOf(Requests.RowWith("0"), Requests.RowWith("-1e39")), "NaN or infinity at row 1, element 783" },
        { "a leading zero", Requests.BodyOf(Requests.RowWith("01")), "at $.instances[0][783]" },
        { "deep nesting", "{\"instances\":" + new string('[', 100_000), "at $.instances[0][0]" },
        { "deep nesting elsewhere", "{\"a\":" + new string('[', 100_000), "at $.a" },
        { "too many rows", Requests.BodyOf(Enumerable.Repeat(Requests.RowWith("0"), 33)), "33 rows; one call may hold 1 to 32" },
        { "an unknown member", "{\"instances\":[[0]],\"parameters\":{}}", "at $.parameters" },
        { "an endless member", "{\"" + new string('m', 100_000) + "\":0}", "The body is not the JSON" },
    };

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task A_bad_body_is_400_that_says_where(string what, string body, string expected)
    {
        Assert.NotEmpty(what);
        using HttpClient alice = _api.CreateClient(Api.AliceKey);
        using HttpResponseMessage response = await alice.PredictAsync(body);
        string detail = await response.ReadProblemAsync(400);
        Assert.Contains(expected, detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bad_bodies_are_not_charged_and_harm_nobody()
    {
        using Api api = new(Api.Admission + "PerCaller:Burst", "16", Api.Admission + "MaxRowsPerCall", "16");
        using HttpClient alice = api.CreateClient(Api.AliceKey);
        foreach (object[] row in Bodies)
        {
            using HttpResponseMessage bad = await alice.PredictAsync((string)row[1]);
            await bad.ReadProblemAsync(400);
        }

        using HttpResponseMessage response = await alice.PredictAsync(Requests.Body(Enumerable.Range(0, 16)));
        Assert.Equal(16, (await response.ReadPredictionsAsync()).Length);
        Assert.DoesNotContain(api.Log.Lines, line => line.StartsWith("Error", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_unknown_model_is_404()
    {
        using HttpClient alice = _api.CreateClient(Api.AliceKey);
        foreach (string name in new[] { "unknown", "Fashion", "fashion%20", "..%2Ffashion", new string('x', 2000) })
        {
            using HttpResponseMessage predict = await alice.PredictAsync(Requests.Body(43), $"/v1/models/{name}:predict");
            Assert.Contains("no model", await predict.ReadProblemAsync(404), StringComparison.Ordinal);
            using HttpResponseMessage describe = await alice.GetAsync($"/v1/models/{name}");
            Assert.Contains("no model", await describe.ReadProblemAsync(404), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/v1/models")]
    [InlineData("/v1/models/fashion/predict")]
    public async Task An_unknown_path_is_404(string path)
    {
        using HttpClient alice = _api.CreateClient(Api.AliceKey);
        using HttpResponseMessage response = await alice.GetAsync(path);
        await response.ReadProblemAsync(404);
    }

    [Theory]
    [InlineData("PUT")]
    [InlineData("DELETE")]
    [InlineData("PATCH")]
    public async Task Another_method_is_405_that_names_those_allowed(string method)
    {
        using HttpClient alice = _api.CreateClient(Api.AliceKey);
        using HttpRequestMessage request = new(new HttpMethod(method), Requests.Path);
        using HttpResponseMessage response = await alice.SendAsync(request);
        await response.ReadProblemAsync(405);
        Assert.Contains("POST", response.Content.Headers.Allow);
    }

    [Fact]
    public async Task To_get_a_prediction_is_an_error_that_says_to_post()
    {
        using HttpClient alice = _api.CreateClient(Api.AliceKey);
        using HttpResponseMessage response = await alice.GetAsync(Requests.Path);
        Assert.Contains("POST /v1/models/{name}:predict", await response.ReadProblemAsync(404), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(MediaTypeNames.Text.Plain)]
    [InlineData(MediaTypeNames.Application.FormUrlEncoded)]
    [InlineData(null)]
    public async Task Another_content_type_is_415(string? contentType)
    {
        using HttpClient alice = _api.CreateClient(Api.AliceKey);
        using ByteArrayContent content = new(Encoding.UTF8.GetBytes(Requests.Body(43)));
        content.Headers.ContentType = contentType is null ? null : new(contentType);
        using HttpResponseMessage response = await alice.PostAsync(Requests.Path, content);
        await response.ReadProblemAsync(415);
    }

    [Fact]
    public async Task Errors_are_ProblemDetails_also_for_those_who_ask_for_HTML()
    {
        using HttpClient alice = _api.CreateClient(Api.AliceKey);
        alice.DefaultRequestHeaders.Add("Accept", "text/html");
        using HttpResponseMessage bad = await alice.PredictAsync("{");
        await bad.ReadProblemAsync(400);
        using HttpResponseMessage unknown = await alice.GetAsync("/unknown");
        await unknown.ReadProblemAsync(404);
        using HttpClient nobody = _api.CreateClient(key: null);
        nobody.DefaultRequestHeaders.Add("Accept", "text/html");
        using HttpResponseMessage unauthorized = await nobody.PredictAsync(Requests.Body(43));
        await unauthorized.ReadProblemAsync(401);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_body_over_a_megabyte_is_413(bool chunked)
    {
        using Api api = new();
        api.UseKestrel(0); // the limit is the real server's
        using HttpClient alice = api.CreateClient(Api.AliceKey);
        alice.DefaultRequestHeaders.TransferEncodingChunked = chunked;
        alice.DefaultRequestHeaders.ExpectContinue = true;
        using HttpResponseMessage response = await alice.PredictAsync(Requests.Body(43) + new string(' ', 1024 * 1024));
        await response.ReadProblemAsync(413);
        using HttpClient others = api.CreateClient(key: null);
        Assert.Equal("Healthy", await others.GetStringAsync("/healthz"));
    }
}
