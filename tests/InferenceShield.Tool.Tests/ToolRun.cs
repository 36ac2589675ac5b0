using InferenceShield.Samples;

namespace InferenceShield.Tool.Tests;

/// <summary>One run of the tool inside the test, in a folder of its own.</summary>
internal sealed class ToolRun : IDisposable
{
    public static readonly string Model = SampleFiles.GetModel("fashion.onnx");
    public static readonly string Images = SampleFiles.GetData(FashionDataset.SubsetImagesFile);
    public static readonly string Labels = SampleFiles.GetData(FashionDataset.SubsetLabelsFile);

    static ToolRun() => Environment.SetEnvironmentVariable(FirstUseNotice.SilenceVariable, "1");

    public string Folder { get; } = Directory.CreateTempSubdirectory("tool").FullName;

    public string Output { get; private set; } = "";

    public string Error { get; private set; } = "";

    /// <summary>A small audit: 2 policies, 2 attacks, 2 budgets, 2 seeds.</summary>
    public string[] Audit(params string[] more) =>
    [
        "audit", Model, "--data", Images, "--labels", Labels, "--policies", "none,shield", "--attacks", "naive,top-1", "--budget", "30,90",
        "--seeds", "2", "--hidden", "8", "--test", "100", "--threads", "1", "--out", At("report"), .. more,
    ];

    public string At(string name) => Path.Combine(Folder, name);

    public string Write(string name, string text)
    {
        File.WriteAllText(At(name), text);
        return At(name);
    }

    public string Write(string name, byte[] bytes)
    {
        File.WriteAllBytes(At(name), bytes);
        return At(name);
    }

    public Task<int> RunAsync(params string[] arguments) => RunAsync(CancellationToken.None, arguments);

    public async Task<int> RunAsync(CancellationToken cancellationToken, params string[] arguments)
    {
        using StringWriter output = new();
        using StringWriter error = new();
        int code = await CommandLine.InvokeAsync(LastOfEach(arguments), new Terminal(output, error, ErrorIsFile: true), cancellationToken);
        Output = output.ToString();
        Error = error.ToString();
        return code;
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    /// <summary>An option that is given again takes the place of the usual one; gates add up.</summary>
    public static string[] LastOfEach(string[] arguments)
    {
        Dictionary<string, string> last = [];
        List<string> kept = [.. arguments.TakeWhile(argument => !argument.StartsWith("--", StringComparison.Ordinal))];
        int start = kept.Count;
        for (int i = start; i < arguments.Length; i++)
        {
            if (arguments[i] == "--fail-if")
            {
                kept.AddRange([arguments[i], arguments[++i]]);
                continue;
            }

            bool isSwitch = i + 1 == arguments.Length || arguments[i + 1].StartsWith("--", StringComparison.Ordinal);
            last[arguments[i]] = isSwitch ? "" : arguments[++i];
        }

        return [.. kept, .. last.SelectMany(option => option.Value.Length == 0 ? [option.Key] : new[] { option.Key, option.Value })];
    }
}
