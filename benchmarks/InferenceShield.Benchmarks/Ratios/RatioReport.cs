using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.ML.OnnxRuntime;

namespace InferenceShield.Benchmarks.Ratios;

/// <summary>Writes measured ratios as Markdown.</summary>
internal static class RatioReport
{
    /// <param name="launches">One list of groups a launch, all of the same groups.</param>
    /// <param name="asSpeedUp">Whether ratios are shown as times faster than the baseline: for work that takes a fraction of it.</param>
    public static string Write(List<List<GroupTimes>> launches, bool asSpeedUp)
    {
        StringBuilder text = new();
        WriteHeader(text, launches, asSpeedUp);
        for (int group = 0; group < launches[0].Count; group++)
        {
            GroupTimes first = launches[0][group];
            Line(text, $"## {first.Name}");
            Line(text, $"");
            if (first.Notes.Length > 0)
            {
                Line(text, $"{first.Notes}");
                Line(text, $"");
            }

            Line(text, $"| | ns | {(asSpeedUp ? "faster" : "ratio")} | launches | rounds | B | goal | stretch |");
            Line(text, $"|---|--:|--:|--:|--:|--:|--:|--:|");
            for (int row = 0; row < first.Candidates.Count; row++)
            {
                WriteRow(text, [.. launches.Select(launch => launch[group].Candidates[row])], isBaseline: row == 0, asSpeedUp);
            }

            Line(text, $"");
        }

        return text.ToString().TrimEnd() + "\n";
    }

    private static void WriteHeader(StringBuilder text, List<List<GroupTimes>> launches, bool asSpeedUp)
    {
        double interrupted = launches.SelectMany(launch => launch).Average(group => group.Interrupted);
        Line(text, $"# Ratios on {Machine.ProcessorName}");
        Line(text, $"");
        Line(text, $"- {DateTime.UtcNow:yyyy-MM-dd}; launches: {launches.Count}");
        Line(text, $"- {Environment.ProcessorCount} processors, load average {Machine.LoadAverage}, interrupted batches {100 * interrupted:0.#} %");
        Line(text, $"- {RuntimeInformation.OSDescription}, {RuntimeInformation.FrameworkDescription}, vectors up to {Machine.VectorBits} bits");
        Line(text, $"- ONNX Runtime {OrtEnv.Instance().GetVersionString()}, one intra-op thread; InferenceShield {typeof(Shield).Assembly.GetName().Version?.ToString(3)}");
        Line(text, $"");
        string what = asSpeedUp ? "faster: the baseline's (the first row) by that" : "ratio: that by the baseline's (the first row)";
        Line(text, $"ns: median over the rounds. {what}, in the same process; the median of the");
        Line(text, $"launches. launches: the smallest and largest of them. rounds: 10th to 90th percentile of single rounds.");
        Line(text, $"B: bytes that a call allocates.");
        Line(text, $"");
    }

    private static void WriteRow(StringBuilder text, CandidateTimes[] launches, bool isBaseline, bool asSpeedUp)
    {
        double ratio = Statistic.Median(launches.Select(times => times.Ratio));
        double low = Statistic.Median(launches.Select(times => times.LowRatio));
        double high = Statistic.Median(launches.Select(times => times.HighRatio));
        double nanoseconds = Statistic.Median(launches.Select(times => times.Nanoseconds));
        double bytes = Statistic.Median(launches.Select(times => times.BytesPerOperation));
        string ratios = isBaseline
            ? "1 | | "
            : $"**{Show(ratio, asSpeedUp)}** | {ShowRange(launches.Min(times => times.Ratio), launches.Max(times => times.Ratio), asSpeedUp)} | {ShowRange(low, high, asSpeedUp)}";
        string time = nanoseconds.ToString(nanoseconds < 100 ? "N1" : "N0", CultureInfo.InvariantCulture);
        Line(text, $"| {launches[0].Name} | {time} | {ratios} | {bytes:0.##} | {Judge(launches[0].Goal, ratio, asSpeedUp)} | {Judge(launches[0].Stretch, ratio, asSpeedUp)} |");
    }

    private static string Judge(double? goal, double ratio, bool asSpeedUp) => goal is not { } most
        ? ""
        : string.Create(CultureInfo.InvariantCulture, $"{(asSpeedUp ? 1 / most : most):0.0#} {(ratio <= most ? "met" : "missed")}");

    private static string ShowRange(double low, double high, bool asSpeedUp) =>
        asSpeedUp ? $"{Show(high, asSpeedUp)} to {Show(low, asSpeedUp)}" : $"{Show(low, asSpeedUp)} to {Show(high, asSpeedUp)}";

    private static string Show(double ratio, bool asSpeedUp) => asSpeedUp
        ? string.Create(CultureInfo.InvariantCulture, $"{1 / ratio:0.00}")
        : string.Create(CultureInfo.InvariantCulture, $"{ratio:0.000}");

    private static void Line(StringBuilder text, FormattableString line) =>
        text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');
}
