using System.Text.Json;

namespace InferenceShield.Samples.Tests.FashionApi;

/// <summary>What samples/FashionApi/README.md shows is what happens.</summary>
public sealed class ReadmeTests
{
    private const int Image = 43;

    private static readonly string s_folder = Path.Combine(SampleFiles.FindRoot(), "samples", "FashionApi");

    [Fact]
    public async Task The_sample_request_gets_the_answer_that_is_shown()
    {
        using Api api = new();
        using HttpClient alice = api.CreateClient(Api.AliceKey);
        using HttpResponseMessage response = await alice.PredictAsync(await File.ReadAllTextAsync(Path.Combine(s_folder, "sample-request.json")));
        string answer = await response.EnsureSuccessStatusCode().Content.ReadAsStringAsync();
        Assert.Contains(answer.TrimEnd(), await ReadmeAsync(), StringComparison.Ordinal);
        Assert.Contains(await alice.GetStringAsync("/v1/models/fashion"), await ReadmeAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_sample_request_is_a_committed_image_with_four_decimals()
    {
        using JsonDocument json = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(s_folder, "sample-request.json")));
        JsonElement row = Assert.Single(json.RootElement.GetProperty("instances").EnumerateArray());
        Assert.Equal(
            Requests.Images.GetImage(Image).ToArray().Select(pixel => Math.Round((decimal)pixel, 4)),
            row.EnumerateArray().Select(pixel => pixel.GetDecimal()));
        Assert.Contains($"image {Image} ", await ReadmeAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_loop_that_is_shown_is_stopped_where_it_says()
    {
        using Api api = new();
        using HttpClient bob = api.CreateClient(Api.BobKey);
        string body = await File.ReadAllTextAsync(Path.Combine(s_folder, "sample-request.json"));
        Dictionary<int, int> counts = [];
        for (int i = 0; i < 70; i++)
        {
            using HttpResponseMessage response = await bob.PredictAsync(body);
            counts[(int)response.StatusCode] = counts.GetValueOrDefault((int)response.StatusCode) + 1;
        }

        Assert.Equal(64, counts[200]);
        Assert.Equal(6, counts[429]);
        using HttpResponseMessage refused = await bob.PredictAsync(body);
        string shown = $"\"detail\":\"{await refused.ReadProblemAsync(429)}\"";
        Assert.Contains(shown, (await ReadmeAsync()).Replace("in 3 s", "in 4 s", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains("seq 70", await ReadmeAsync(), StringComparison.Ordinal);
        Assert.Contains("64 200", await ReadmeAsync(), StringComparison.Ordinal);
        Assert.Contains("6 429", await ReadmeAsync(), StringComparison.Ordinal);
    }

    private static Task<string> ReadmeAsync() => File.ReadAllTextAsync(Path.Combine(s_folder, "README.md"));
}
