using Microsoft.Extensions.DependencyInjection;

namespace InferenceShield.Samples.Tests.FashionApi;

/// <summary>A posture shows in nothing but how fine the probabilities are.</summary>
public sealed class SilenceTests
{
    private static readonly string[] s_settings =
    [
        Api.Admission + "PerCaller:Burst", "100", Api.Admission + "MaxRowsPerCall", "32",
        Api.Admission + "Blocked", "Restrict", Api.Admission + "BlockedDelay", "00:00:00",
    ];

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Status_headers_schema_types_and_length_are_the_same_in_every_posture_and_for_every_image(int rows)
    {
        List<string> seen = [];
        List<string> answers = [];
        foreach (Posture posture in Enum.GetValues<Posture>())
        {
            for (int image = 40; image < 40 + (4 * rows); image += rows)
            {
                using Api api = new(s_settings);
                using HttpClient alice = Ask(api, posture);
                using HttpResponseMessage response = await alice.PredictAsync(Requests.Body(Enumerable.Range(image, rows)));
                (int Class, string Label, decimal[] Probabilities)[] predictions = await response.ReadPredictionsAsync();
                Assert.All(predictions, prediction => Assert.Equal(FashionDataset.ClassCount, prediction.Probabilities.Length));
                answers.Add($"{image}: {string.Join(' ', predictions[0].Probabilities)}");
                seen.Add($"{(int)response.StatusCode} {HeadersOf(response)} {(await response.Content.ReadAsByteArrayAsync()).Length}");
            }
        }

        Assert.Single(seen.Distinct());
        Assert.True(answers.Distinct().Count() > 8, "The postures answered alike.");
    }

    [Fact]
    public async Task A_refusal_and_a_faulty_query_read_the_same_in_every_posture()
    {
        List<string> seen = [];
        foreach (Posture posture in Enum.GetValues<Posture>())
        {
            using Api api = new([.. s_settings, Api.Admission + "PerCaller:Burst", "1", Api.Admission + "MaxRowsPerCall", "1", Api.Admission + "Overflow:Burst", "1"]);
            using HttpClient alice = Ask(api, posture);
            foreach (string body in new[] { Requests.Body(43), Requests.Body(43), Requests.BodyOf("[1]"), "{" })
            {
                using HttpResponseMessage response = await alice.PredictAsync(body);
                string text = response.IsSuccessStatusCode ? "" : await response.Content.ReadAsStringAsync();
                seen.Add($"{posture == Posture.Normal} {body.Length} {(int)response.StatusCode} {HeadersOf(response)} {WithoutTrace(text)}");
            }
        }

        string[] normal = [.. seen.Take(4).Select(one => one.Replace("True", "False", StringComparison.Ordinal))];
        Assert.Contains(" 429 ", normal[1], StringComparison.Ordinal);
        Assert.All(seen.Skip(4).Chunk(4), others => Assert.Equal(normal, others));
    }

    private static HttpClient Ask(Api api, Posture posture)
    {
        HttpClient alice = api.CreateClient(Api.AliceKey);
        Shield shield = api.Services.GetRequiredKeyedService<Shield>("fashion");
        shield.Overrides.Set(shield.IdentifyCaller("alice"), new CallerOverride { Posture = posture });
        return alice;
    }

    private static string HeadersOf(HttpResponseMessage response) => string.Join(
        "; ", response.Headers.Concat(response.Content.Headers).Select(header => $"{header.Key}={string.Join(',', header.Value)}").Order(StringComparer.Ordinal));

    private static string WithoutTrace(string problem) => problem.Contains("\"traceId\"", StringComparison.Ordinal) ? problem[..problem.IndexOf("\"traceId\"", StringComparison.Ordinal)] : problem;
}
