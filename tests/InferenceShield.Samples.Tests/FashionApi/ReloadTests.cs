using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json.Nodes;

namespace InferenceShield.Samples.Tests.FashionApi;

/// <summary>The sample's files, edited while it runs.</summary>
public sealed class ReloadTests : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly string _folder = Directory.CreateTempSubdirectory(nameof(ReloadTests)).FullName;
    private readonly Api _api;

    public ReloadTests()
    {
        foreach (string file in new[] { "appsettings.json", "appsettings.Development.json" })
        {
            File.Copy(Path.Combine(SampleFiles.FindRoot(), "samples", "FashionApi", file), Path.Combine(_folder, file));
        }

        _api = new Api { ContentRoot = _folder };
    }

    public void Dispose()
    {
        _api.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task New_options_take_effect_bad_ones_do_not_and_budgets_stay()
    {
        using HttpClient alice = _api.CreateClient(Api.AliceKey);
        using HttpResponseMessage first = await alice.PredictAsync(Requests.Body(Enumerable.Range(0, 32)));
        await first.ReadPredictionsAsync();

        Edit("appsettings.json", json => json["InferenceShield"]!["Models"]!["fashion"]!["Shield"]!["Hardening"]!["Release"] = "LabelOnly");
        await WaitAsync(async () =>
        {
            using HttpResponseMessage response = await alice.PredictAsync(Requests.Body(43));
            return (int)response.StatusCode == 429 || (await response.ReadPredictionsAsync()).Single().Probabilities.Max() == 1m;
        });

        Edit("appsettings.json", json => json["InferenceShield"]!["Models"]!["fashion"]!["Shield"]!["Hardening"]!["Decimals"] = 9);
        await WaitAsync(async () => await alice.GetStringAsync("/healthz") == "Degraded");
        using HttpClient bob = _api.CreateClient(Api.BobKey);
        using HttpResponseMessage kept = await bob.PredictAsync(Requests.Body(43));
        Assert.Equal(1m, (await kept.ReadPredictionsAsync()).Single().Probabilities.Max());
        using HttpResponseMessage charged = await alice.PredictAsync(Requests.Body(Enumerable.Range(0, 32)));
        await charged.ReadProblemAsync(429);

        Edit("appsettings.json", json => json["InferenceShield"]!["Models"]!["fashion"]!["Shield"]!["Hardening"]!["Decimals"] = 1);
        await WaitAsync(async () => await alice.GetStringAsync("/healthz") == "Healthy");
    }

    [Fact]
    public async Task Keys_can_be_added_and_taken_away_and_bad_ones_change_nothing()
    {
        using HttpClient alice = _api.CreateClient(Api.AliceKey);
        using HttpClient carol = _api.CreateClient("key of carol");
        await carol.GetAsync("/v1/models/fashion");
        Edit("appsettings.Development.json", json =>
        {
            json["Api"]!["Keys"]!["carol"] = Convert.ToHexString(SHA256.HashData("key of carol"u8));
            json["Api"]!["Keys"]!["alice"] = null;
        });
        await WaitAsync(async () => await StatusAsync(carol) == 200);
        Assert.Equal(401, await StatusAsync(alice));

        Edit("appsettings.Development.json", json => json["Api"]!["Keys"]!["carol"] = "no hash");
        await WaitAsync(() => Task.FromResult(_api.Log.Lines.Any(line =>
            line.StartsWith("Error", StringComparison.Ordinal) && line.Contains("Api:Keys:carol", StringComparison.Ordinal))));
        Assert.Equal(200, await StatusAsync(carol));
        Assert.DoesNotContain(_api.Log.Lines, line => line.Contains("no hash", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_file_that_is_no_JSON_changes_nothing()
    {
        using HttpClient alice = _api.CreateClient(Api.AliceKey);
        Assert.Equal(200, await StatusAsync(alice));
        await File.WriteAllTextAsync(Path.Combine(_folder, "appsettings.Development.json"), "{ \"Api\":");
        await Task.Delay(1000); // nothing to wait for: that nothing changes is the point
        Assert.Equal(200, await StatusAsync(alice));
        using HttpResponseMessage response = await alice.PredictAsync(Requests.Body(43));
        await response.ReadPredictionsAsync();
    }

    private static async Task<int> StatusAsync(HttpClient client)
    {
        using HttpResponseMessage response = await client.GetAsync("/v1/models/fashion");
        return (int)response.StatusCode;
    }

    private static async Task WaitAsync(Func<Task<bool>> condition)
    {
        Stopwatch watch = Stopwatch.StartNew();
        while (!await condition())
        {
            Assert.True(watch.Elapsed < s_patience, "The change has not taken effect.");
            await Task.Delay(50);
        }
    }

    private void Edit(string file, Action<JsonNode> edit)
    {
        string path = Path.Combine(_folder, file);
        JsonNode json = JsonNode.Parse(File.ReadAllText(path))!;
        edit(json);
        File.WriteAllText(path + ".new", json.ToJsonString());
        File.Move(path + ".new", path, overwrite: true);
    }
}
