using System.Globalization;
using InferenceShield.Lab;

namespace InferenceShield.Tool;

/// <summary>What <c>calibrate --curve</c> does: measures what readings of the leak odometer mean for a model, by stealing it.</summary>
internal static class CurveMeasuring
{
    private const int FewestRows = 2_000;
    private const ulong SplitSeed = 1;

    /// <summary>Measures the curve and writes NAME.curve.</summary>
    /// <param name="target">The model.</param>
    /// <param name="rows">Benign inputs: half of them, drawn by a fixed seed, are what the thief asks, and copies are measured on the others.</param>
    /// <param name="calibration">Of this model.</param>
    /// <param name="directory">Where to.</param>
    /// <param name="name">The model's, in its shield.</param>
    /// <param name="json">Whether to print JSON.</param>
    /// <param name="terminal">Is told what was measured.</param>
    public static int Run(OnnxClassifier target, Dataset rows, DetectionCalibration calibration, string directory, string name, bool json, Terminal terminal)
    {
        if (rows.Count < FewestRows)
        {
            throw new MistakeException(string.Create(
                CultureInfo.InvariantCulture, $"--curve needs at least {FewestRows:N0} benign rows, half to ask and half to measure copies on; there are {rows.Count:N0}. Give more with --benign."));
        }

        Dataset shuffled = rows.Shuffle(SplitSeed);
        int half = rows.Count / 2;
        OdometerCurve curve;
        try
        {
            OdometerCurve measured = OdometerExperiment.Measure(
                target, calibration, shuffled.Slice(0, half), shuffled.Slice(half, rows.Count - half), new OdometerExperimentOptions { Threads = Environment.ProcessorCount });
            curve = new OdometerCurve(name, measured.Points);
        }
        catch (ArgumentException exception)
        {
            throw MistakeException.Of(exception); // the library's own words for a calibration of another model
        }

        string file = Path.Combine(directory, name + ".curve");
        try
        {
            Directory.CreateDirectory(directory);
            using (FileStream stream = File.Create(file + ".new"))
            {
                curve.Save(stream);
            }

            File.Move(file + ".new", file, overwrite: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new MistakeException($"The curve cannot be written to '{directory}': {exception.Message} Choose another folder with --out.");
        }

        if (json)
        {
            terminal.Output.WriteLine(JsonText.Of(new { model = name, rows = rows.Count, curveFile = file, points = curve.Points }));
            return ExitCode.Done;
        }

        terminal.Output.WriteLine("What a caller could have copied, by what the leak odometer reads: agreement of copies with the model.");
        foreach (OdometerPoint point in curve.Points)
        {
            terminal.Output.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"  {point.Queries,5:N0} queries  odometer {point.Odometer:0.000}  agreement {point.Agreement:0.000} ({point.Low:0.000} to {point.High:0.000}, most {point.Most:0.000})"));
        }

        terminal.Output.WriteLine("A bound for thieves who train what was trained here, an estimate for nobody.");
        terminal.Output.WriteLine($"Written to {file}. In appsettings.json, below this model's Shield:");
        terminal.Output.WriteLine($"\"Detection\": {{ \"OdometerCurveFile\": {System.Text.Json.JsonSerializer.Serialize(file)} }}");
        return ExitCode.Done;
    }
}
