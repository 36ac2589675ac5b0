using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.ML.OnnxRuntime;

namespace InferenceShield.Benchmarks.Ratios;

/// <summary>Writes measured ratios as Markdown.</summary>
internal static class RatioReport
{
    /// <param name="launches">One list of groups a launch, all of the same groups.</param>
    public static string Write(List<List<GroupTimes>> launches)
    {
        StringBuilder text = new();
        WriteHeader(text, launches);
        for (int group = 0; group < launches[0].Count; group++)
        {
            GroupTimes first = launches[0][group];
            Line(text, $"## {first.Name}");
            Line(text, $"");
            Line(text, $"| | ns | ratio | launches | rounds | B | goal | stretch |");
            Line(text, $"|---|--:|--:|--:|--:|--:|--:|--:|");
            for (int row = 0; row < first.Candidates.Count; row++)
            {
                WriteRow(text, [.. launches.Select(launch => launch[group].Candidates[row])], isBaseline: row == 0);
            }

            Line(text, $"");
        }

        return text.ToString().TrimEnd() + "\n";
    }

    private static void WriteHeader(StringBuilder text, List<List<GroupTimes>> launches)
    {
        double interrupted = launches.SelectMany(launch => launch).Average(group => group.Interrupted);
        Line(text, $"# Ratios on {Machine.ProcessorName}");
        Line(text, $"");
        Line(text, $"- {DateTime.UtcNow:yyyy-MM-dd}; launches: {launches.Count}");
        Line(text, $"- {Environment.ProcessorCount} processors, load average {Machine.LoadAverage}, interrupted batches {100 * interrupted:0.#} %");
        Line(text, $"- {RuntimeInformation.OSDescription}, {RuntimeInformation.FrameworkDescription}, vectors up to {Machine.VectorBits} bits");
        Line(text, $"- ONNX Runtime {OrtEnv.Instance().GetVersionString()}, one intra-op thread; InferenceShield {typeof(Shield).Assembly.GetName().Version?.ToString(3)}");
        Line(text, $"");
        Line(text, $"ns: median over the rounds. ratio: that by the baseline's (the first row), in the same process; the median of the");
        Line(text, $"launches. launches: their smallest and largest ratio. rounds: 10th to 90th percentile of the ratios of single rounds.");
        Line(text, $"B: bytes that a call allocates.");
        Line(text, $"");
    }

    private static void WriteRow(StringBuilder text, CandidateTimes[] launches, bool isBaseline)
    {
        double ratio = Statistic.Median(launches.Select(times => times.Ratio));
        double low = Statistic.Median(launches.Select(times => times.LowRatio));
        double high = Statistic.Median(launches.Select(times => times.HighRatio));
        double nanoseconds = Statistic.Median(launches.Select(times => times.Nanoseconds));
        double bytes = Statistic.Median(launches.Select(times => times.BytesPerOperation));
        string ratios = isBaseline
            ? "1 | | "
            : string.Create(CultureInfo.InvariantCulture,
                $"**{ratio:0.000}** | {launches.Min(times => times.Ratio):0.000} to {launches.Max(times => times.Ratio):0.000} | {low:0.000} to {high:0.000}");
        Line(text, $"| {launches[0].Name} | {nanoseconds:N0} | {ratios} | {bytes:0.##} | {Judge(launches[0].Goal, ratio)} | {Judge(launches[0].Stretch, ratio)} |");
    }

    private static string Judge(double? goal, double ratio) =>
        goal is null ? "" : string.Create(CultureInfo.InvariantCulture, $"{goal:0.00} {(ratio <= goal ? "met" : "missed")}");

    private static void Line(StringBuilder text, FormattableString line) =>
        text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');
}
