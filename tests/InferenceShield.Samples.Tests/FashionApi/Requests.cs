using System.Globalization;
using System.Net.Mime;
using System.Text;
using System.Text.Json;

namespace InferenceShield.Samples.Tests.FashionApi;

/// <summary>What an outside client sends and gets, as text: the tests share no type with the sample.</summary>
internal static class Requests
{
    public const string Path = "/v1/models/fashion:predict";

    public static FashionDataset Images { get; } = FashionDataset.LoadSubset();

    /// <summary>Rows of a body: <c>[0,0.0039,...]</c> for each image.</summary>
    public static string Body(params IEnumerable<int> images) => BodyOf(images.Select(image => Row(Images.GetImage(image))));

    public static string BodyOf(params IEnumerable<string> rows) => $"{{\"instances\":[{string.Join(',', rows)}]}}";

    public static string Row(ReadOnlySpan<float> values)
    {
        StringBuilder row = new("[");
        foreach (float value in values)
        {
            row.Append(row.Length > 1 ? "," : "").Append(value.ToString(CultureInfo.InvariantCulture));
        }

        return row.Append(']').ToString();
    }

    /// <summary>A row of zeros with one other token in it.</summary>
    public static string RowWith(string token, int length = FashionDataset.PixelCount) =>
        $"[{string.Concat(Enumerable.Repeat("0,", length - 1))}{token}]";

    public static Task<HttpResponseMessage> PredictAsync(this HttpClient client, string body, string path = Path) =>
        client.PostAsync(path, new StringContent(body, Encoding.UTF8, MediaTypeNames.Application.Json));

    public static async Task<(int Class, string Label, decimal[] Probabilities)[]> ReadPredictionsAsync(this HttpResponseMessage response)
    {
        using JsonDocument json = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        Assert.True(response.IsSuccessStatusCode, json.RootElement.GetRawText());
        Assert.Equal(["predictions"], json.RootElement.EnumerateObject().Select(member => member.Name));
        return [.. json.RootElement.GetProperty("predictions").EnumerateArray().Select(prediction =>
        {
            Assert.Equal(["label", "class", "probabilities"], prediction.EnumerateObject().Select(member => member.Name));
            return (
                prediction.GetProperty("class").GetInt32(),
                prediction.GetProperty("label").GetString()!,
                prediction.GetProperty("probabilities").EnumerateArray().Select(value => value.GetDecimal()).ToArray());
        })];
    }

    /// <summary>A ProblemDetails of this status that tells nothing of the inside.</summary>
    /// <returns>Its detail; empty if it has none.</returns>
    public static async Task<string> ReadProblemAsync(this HttpResponseMessage response, int status)
    {
        string text = await response.Content.ReadAsStringAsync();
        Assert.True((int)response.StatusCode == status, $"{(int)response.StatusCode}: {text}");
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        Assert.True(text.Length < 1000, text);
        foreach (string inside in new[] { "Exception", "System.", "InferenceShield", "   at ", ".cs", "onnx", "logits", "demo-key" })
        {
            Assert.DoesNotContain(inside, text, StringComparison.OrdinalIgnoreCase);
        }

        using JsonDocument json = JsonDocument.Parse(text);
        Assert.Subset(
            new HashSet<string>(["type", "title", "status", "detail", "traceId"]),
            json.RootElement.EnumerateObject().Select(member => member.Name).ToHashSet());
        Assert.Equal(status, json.RootElement.GetProperty("status").GetInt32());
        return json.RootElement.TryGetProperty("detail", out JsonElement detail) ? detail.GetString()! : "";
    }
}
