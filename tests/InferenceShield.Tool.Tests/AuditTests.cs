using System.Diagnostics;
using System.Text.Json;

namespace InferenceShield.Tool.Tests;

public sealed class AuditTests : IDisposable
{
    private readonly ToolRun _tool = new();

    public void Dispose() => _tool.Dispose();

    [Fact]
    public async Task An_audit_prints_json_writes_both_reports_and_trips_gates()
    {
        int code = await _tool.RunAsync(_tool.Audit("--json", "--fail-if", "agreement>0.99", "--fail-if", "agreement[policy=shield,attack=naive]>0.2@90"));
        Assert.Equal(ExitCode.Tripped, code);
        using JsonDocument json = JsonDocument.Parse(_tool.Output);
        Assert.Equal(16, json.RootElement.GetProperty("cells").GetArrayLength());
        Assert.Equal([false, true], json.RootElement.GetProperty("gates").EnumerateArray().Select(gate => gate.GetProperty("tripped").GetBoolean()));
        Assert.Equal(_tool.Output.Trim(), File.ReadAllText(_tool.At("report/report.json")).Trim());
        Assert.Contains("<svg", File.ReadAllText(_tool.At("report/report.html")), StringComparison.Ordinal);
        Assert.Contains("gate TRIPPED", _tool.Error, StringComparison.Ordinal);
        Assert.True(json.RootElement.GetProperty("rows")[0].GetProperty("agreement").GetProperty("mean").GetDouble() > 0.2);
    }

    [Fact]
    public async Task Without_json_it_prints_a_table_and_plain_words_and_returns_0()
    {
        Assert.Equal(ExitCode.Done, await _tool.RunAsync(_tool.Audit("--fail-if", "agreement>0.99")));
        Assert.Contains("labels changed", _tool.Output, StringComparison.Ordinal);
        Assert.Contains("without a shield the best attack", _tool.Output, StringComparison.Ordinal);
        Assert.Contains("gate held", _tool.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Policies_that_learn_get_rows_of_their_own_and_a_report_tells_them_apart()
    {
        Assert.Equal(ExitCode.Done, await _tool.RunAsync(_tool.Audit("--json", "--budget", "30", "--seeds", "1", "--policies", "none,bands,codebook")));
        using JsonDocument json = JsonDocument.Parse(_tool.Output);
        JsonElement[] policies = [.. json.RootElement.GetProperty("policies").EnumerateArray()];
        Assert.Equal([0.0, 0.0, 0.0], policies.Select(policy => policy.GetProperty("topChanged").GetDouble()));
        Assert.Equal(3, policies.Select(policy => policy.GetProperty("distance").GetDouble()).Distinct().Count());
    }

    [Fact]
    public async Task A_killed_audit_goes_on_and_ends_as_if_it_had_not_been_killed()
    {
        Assert.Equal(ExitCode.Done, await _tool.RunAsync(_tool.Audit("--json")));
        using JsonDocument whole = JsonDocument.Parse(_tool.Output);
        string store = _tool.At("report/cells.jsonl");
        File.Delete(store);
        using (Process process = Process.Start(new ProcessStartInfo("dotnet", ["exec", typeof(CommandLine).Assembly.Location, .. _tool.Audit()]) { RedirectStandardOutput = true, RedirectStandardError = true })!)
        {
            while (!process.HasExited && (!File.Exists(store) || CountLines(store) < 4))
            {
                await Task.Delay(5);
            }

            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
        }

        string[] lines = File.ReadAllLines(store);
        if (lines.Length > 12)
        {
            File.WriteAllLines(store, lines[..12]); // a busy processor may have let it finish before it was killed
        }

        int finished = CountLines(store) - 1;
        Assert.InRange(finished, 3, 11);
        Assert.Equal(ExitCode.Done, await _tool.RunAsync(_tool.Audit("--json", "--resume")));
        Assert.Contains($"{finished} of 16 thefts", _tool.Error, StringComparison.Ordinal);
        using JsonDocument resumed = JsonDocument.Parse(_tool.Output);
        Assert.Equal(whole.RootElement.GetProperty("cells").GetRawText(), resumed.RootElement.GetProperty("cells").GetRawText());
    }

    [Fact]
    public async Task Interrupted_it_returns_130_and_another_plan_is_refused()
    {
        using CancellationTokenSource cut = new();
        Task<int> run = _tool.RunAsync(cut.Token, _tool.Audit("--seeds", "400"));
        while (!run.IsCompleted && (!File.Exists(_tool.At("report/cells.jsonl")) || CountLines(_tool.At("report/cells.jsonl")) < 2))
        {
            await Task.Delay(5);
        }

        await cut.CancelAsync();
        Assert.Equal(ExitCode.Interrupted, await run);
        Assert.Equal(ExitCode.Mistake, await _tool.RunAsync(_tool.Audit("--resume")));
        Assert.Contains("another plan", _tool.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{ \"Hardening\": { \"Decimals\": 1 } }")]
    [InlineData("{ \"Shield\": { \"Hardening\": { \"Decimals\": 1 } }, \"Session\": { \"ModelPath\": \"x\" } }")]
    [InlineData("{ \"InferenceShield\": { \"Models\": { \"fashion\": { \"Shield\": { \"Outputs\": { \"logits\": { \"Kind\": \"Logits\", \"Hardening\": { \"Decimals\": 1 } } } } }, \"other\": {} } } }")]
    [InlineData("{ \"InferenceShield\": { \"Defaults\": { \"Hardening\": { \"Decimals\": 1 } } } }")]
    public async Task A_policy_file_is_read_as_a_host_reads_it(string text)
    {
        Assert.Equal(ExitCode.Done, await _tool.RunAsync(_tool.Audit("--json", "--budget", "30", "--seeds", "1")));
        double usual = Distance();
        Assert.Equal(ExitCode.Done, await _tool.RunAsync(_tool.Audit("--json", "--budget", "30", "--seeds", "1", "--policy", _tool.Write("shield.json", text))));
        Assert.True(Distance() > 3 * usual, $"{Distance()} against {usual}");
    }

    [Fact]
    public async Task The_output_that_the_policy_declares_is_stolen()
    {
        string policy = _tool.Write("shield.json", "{ \"Outputs\": { \"logits\": { \"Kind\": \"Logits\", \"Hardening\": { \"Decimals\": 1 } }, \"embedding\": { \"Kind\": \"Embedding\" } } }");
        Assert.Equal(ExitCode.Done, await _tool.RunAsync(_tool.Audit("--json", "--budget", "30", "--seeds", "1")));
        double usual = Distance();
        Assert.Equal(ExitCode.Done, await _tool.RunAsync(_tool.Audit("--json", "--budget", "30", "--seeds", "1", "--policy", policy)));
        Assert.True(Distance() > 3 * usual, $"{Distance()} against {usual}");
        Assert.Contains("logits (Logits)", _tool.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{}", "at least 0.0 hours for 90 queries")]
    [InlineData("{ \"PerCaller\": { \"Queries\": 10, \"Period\": \"01:00:00\", \"Burst\": 10 } }", "at least 8.0 hours for 90 queries")]
    [InlineData("{ \"PerCaller\": { \"Queries\": 1000, \"Period\": \"01:00:00\", \"Burst\": 10, \"DailyQueries\": 30 } }", "at least 24.0 hours for 90 queries")]
    public async Task Limits_of_the_policy_are_told_as_time(string admission, string expected)
    {
        string policy = _tool.Write("shield.json", $"{{ \"Hardening\": {{ \"Decimals\": 2 }}, \"Admission\": {admission} }}");
        Assert.Equal(ExitCode.Done, await _tool.RunAsync(_tool.Audit("--seeds", "1", "--policy", policy)));
        Assert.Contains(expected, _tool.Output, StringComparison.Ordinal);
        Assert.Contains(expected, File.ReadAllText(_tool.At("report/report.html")), StringComparison.Ordinal);
        Assert.Contains(expected, File.ReadAllText(_tool.At("report/report.json")), StringComparison.Ordinal);
    }

    private double Distance()
    {
        using JsonDocument json = JsonDocument.Parse(_tool.Output);
        return json.RootElement.GetProperty("policies")[1].GetProperty("distance").GetDouble();
    }

    private static int CountLines(string path)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using StreamReader reader = new(file);
        return reader.ReadToEnd().Count(character => character == '\n');
    }
}
