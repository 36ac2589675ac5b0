using System.Diagnostics;

namespace InferenceShield.OnnxRuntime.Tests;

/// <summary>ONNX Runtime records device id, model file and graph names below HOME unless it is stopped before it starts.
/// Seen from outside: a process of its own, in folders that are empty.</summary>
public sealed class RuntimeTelemetryTests : IDisposable
{
    /// <summary>Under any of these the runtime takes itself to be in a build and records nothing: CI and its kind.</summary>
    private static readonly string[] s_buildVariables =
    [
        "CI", "TF_BUILD", "GITHUB_ACTIONS", "GITLAB_CI", "CIRCLECI", "TRAVIS", "JENKINS_URL", "CODEBUILD_BUILD_ID", "BUILDKITE", "TEAMCITY_VERSION", "APPVEYOR",
    ];

    private readonly TestFolder _folder = new();
    private readonly string _model;

    public RuntimeTelemetryTests() => _model = _folder.Save(TestModels.Linear());

    [Fact]
    public async Task Nothing_is_written_anywhere()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        (string[] files, string[] output) = await Run("default");
        Assert.Empty(files);
        Assert.Equal(["done"], output);
    }

    [Theory]
    [InlineData("switch")]
    [InlineData("option")]
    public async Task It_is_on_where_it_is_wanted_and_then_files_appear(string mode)
    {
        if (!OperatingSystem.IsLinux() || !await RuntimeHasTelemetry())
        {
            return;
        }

        (string[] files, string[] output) = await Run(mode);
        Assert.Contains(files, file => file.Contains("onnxruntime", StringComparison.OrdinalIgnoreCase));
        Assert.Equal(["done"], output);
    }

    [Fact]
    public async Task Health_says_so_when_the_runtime_was_started_too_early()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        (_, string[] output) = await Run("runtime-first");
        Assert.Equal(2, output.Length);
        Assertions.Says(output[0], "warning: ", "was started before", "ORT_DISABLE_TELEMETRY=1");

        // Nothing to warn of where the operator has seen to it.
        (string[] files, output) = await Run("runtime-first", disabled: true);
        Assert.Equal(["done"], output);
        Assert.Empty(files);
    }

    [Fact]
    public void It_is_off_in_this_process() => Assert.Null(RuntimeTelemetry.Warning);

    public void Dispose() => _folder.Dispose();

    /// <summary>Whether this build of the runtime, started bare, writes anything at all.</summary>
    private async Task<bool> RuntimeHasTelemetry() => (await Run("runtime-first")).Files.Length > 0;

    private async Task<(string[] Files, string[] Output)> Run(string mode, bool disabled = false)
    {
        string home = Directory.CreateDirectory(_folder.File(Guid.NewGuid().ToString("N"))).FullName;
        string[] folders = [.. new[] { "home", "temp", "work" }.Select(name => Directory.CreateDirectory(Path.Combine(home, name)).FullName)];
        ProcessStartInfo start = new(Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet")
        {
            ArgumentList = { "exec", Path.Combine(AppContext.BaseDirectory, "InferenceShield.OnnxRuntime.Probe.dll"), _model, mode },
            WorkingDirectory = folders[2],
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["HOME"] = folders[0];
        start.Environment["TMPDIR"] = folders[1];
        start.Environment["DOTNET_EnableDiagnostics"] = "0"; // .NET's own sockets in the temporary folder
        foreach (string variable in (string[])[.. s_buildVariables, "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "ORT_DISABLE_TELEMETRY"])
        {
            start.Environment.Remove(variable); // the last one is set in the tests' own process
        }

        if (disabled)
        {
            start.Environment["ORT_DISABLE_TELEMETRY"] = "1";
        }

        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(60));
        await process.WaitForExitAsync(patience.Token);
        Assert.True(process.ExitCode == 0, $"Exit code {process.ExitCode}: {await error}");
        return (
            Directory.GetFiles(home, "*", SearchOption.AllDirectories),
            (await output).Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
    }
}
