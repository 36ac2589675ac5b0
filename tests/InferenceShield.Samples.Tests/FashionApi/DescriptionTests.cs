using System.Text.Json;

namespace InferenceShield.Samples.Tests.FashionApi;

public sealed class DescriptionTests
{
    [Fact]
    public async Task A_model_is_described_without_what_is_not_released()
    {
        using Api api = new();
        using HttpClient alice = api.CreateClient(Api.AliceKey);
        string text = await alice.GetStringAsync("/v1/models/fashion");
        using JsonDocument json = JsonDocument.Parse(text);
        Assert.Equal("fashion", json.RootElement.GetProperty("name").GetString());
        JsonElement input = Assert.Single(json.RootElement.GetProperty("inputs").EnumerateArray());
        Assert.Equal("image", input.GetProperty("name").GetString());
        Assert.Equal([-1L, 1, 28, 28], input.GetProperty("shape").EnumerateArray().Select(size => size.GetInt64()));
        JsonElement output = Assert.Single(json.RootElement.GetProperty("outputs").EnumerateArray());
        Assert.Equal("probabilities", output.GetProperty("name").GetString());
        Assert.Equal(FashionDataset.ClassNames, json.RootElement.GetProperty("labels").EnumerateArray().Select(label => label.GetString()!));
        Assert.DoesNotContain("logits", text, StringComparison.Ordinal);
        Assert.DoesNotContain("embedding", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Health_needs_no_key_and_is_healthy()
    {
        using Api api = new();
        using HttpClient nobody = api.CreateClient(key: null);
        using HttpResponseMessage response = await nobody.GetAsync("/healthz");
        Assert.Equal("Healthy", await response.EnsureSuccessStatusCode().Content.ReadAsStringAsync());
    }
}
