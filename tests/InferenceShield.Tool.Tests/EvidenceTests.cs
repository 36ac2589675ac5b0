using System.Security.Cryptography;
using System.Text.Json;

namespace InferenceShield.Tool.Tests;

public sealed class EvidenceTests : IDisposable
{
    private const string Variable = "INFERENCE_SHIELD_TEST_EVIDENCE_SECRET";
    private readonly ToolRun _tool = new();
    private readonly byte[] _secret = SHA256.HashData("evidence of the tool"u8);

    public EvidenceTests() => Environment.SetEnvironmentVariable(Variable, Convert.ToBase64String(_secret));

    public void Dispose() => _tool.Dispose();

    [Fact]
    public async Task Lists_callers_and_erases_one()
    {
        string list = Write();
        Assert.Equal(ExitCode.Done, await _tool.RunAsync("evidence", list, "--secret-env", Variable));
        Assert.Contains("12 marked queries of 2 callers", _tool.Output, StringComparison.Ordinal);
        Assert.Contains("NearTie", _tool.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("Missing", _tool.Output, StringComparison.Ordinal);

        Assert.Equal(ExitCode.Done, await _tool.RunAsync("evidence", list, "--secret-env", Variable, "--erase", "alice", "--json"));
        using JsonDocument erased = JsonDocument.Parse(_tool.Output);
        Assert.Equal((4, 8), (erased.RootElement.GetProperty("erased").GetInt32(), erased.RootElement.GetProperty("records").GetInt32()));
        Assert.NotEqual(erased.RootElement.GetProperty("sha256Before").GetString(), erased.RootElement.GetProperty("sha256").GetString());

        string digits = erased.RootElement.GetProperty("callers")[0].GetProperty("caller").GetString()!;
        Assert.Equal(ExitCode.Done, await _tool.RunAsync("evidence", list, "--secret-env", Variable, "--erase", digits));
        Assert.Contains($"Erased 8 queries. The SHA-256 of the list was {erased.RootElement.GetProperty("sha256").GetString()}", _tool.Output, StringComparison.Ordinal);
        Assert.Contains("No marked queries", _tool.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Says_what_is_missing()
    {
        string list = Write();
        string segment = list + ".000001";
        await File.WriteAllBytesAsync(segment, (await File.ReadAllBytesAsync(segment))[..^10]);

        Assert.Equal(ExitCode.Done, await _tool.RunAsync("evidence", list, "--secret-env", Variable));
        Assert.Contains("Missing: model.evidence.000001", _tool.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Mistakes_are_named()
    {
        string list = Write();
        foreach ((string[] arguments, string expected) in new (string[], string)[]
        {
            (["evidence", list], "--secret-env NAME"),
            (["evidence", list, "--secret-env", Variable, "--model-name", "other"], "of model 'model'"),
            (["evidence", _tool.At("nowhere"), "--secret-env", Variable], "There is no list"),
            (["evidence", list, "--secret-env", Variable, "--erase", "mallory"], "no query in the list"),
        })
        {
            Assert.Equal(ExitCode.Mistake, await _tool.RunAsync(arguments));
            Assert.Contains(expected, _tool.Error, StringComparison.Ordinal);
        }
    }

    /// <summary>12 near ties: 4 of alice, 8 of bob.</summary>
    private string Write()
    {
        string list = _tool.At("model.evidence");
        using Shield shield = new ShieldBuilder("model")
            .UseSecret(ShieldSecrets.FromBytes(_secret))
            .AddOutput("scores", OutputKind.Probabilities, new HardeningOptions { Watermark = new WatermarkOptions { NearTie = new NearTieMarkOptions() } })
            .Configure(options => options.Evidence.File = list)
            .Build();
        for (int i = 0; i < 12; i++)
        {
            Admission admission = shield.Admit(shield.IdentifyCaller(i % 3 == 0 ? "alice" : "bob"), [], 1);
            shield.Harden(in admission, [i, 1f], [0.4f, 0.35f, 0.25f], new float[3], classes: 3);
        }

        return list;
    }
}
