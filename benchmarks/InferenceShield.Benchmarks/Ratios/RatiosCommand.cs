using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace InferenceShield.Benchmarks.Ratios;

/// <summary>Compares time with a baseline in the same process, and prints the ratios as Markdown.</summary>
internal static class RatiosCommand
{
    private const int MostLaunches = 99;

    /// <param name="verb">What the program was called with.</param>
    /// <param name="arguments">The rest.</param>
    /// <param name="groups">What is compared, made one after another.</param>
    /// <param name="asSpeedUp">How ratios are shown.</param>
    public static int Run(string verb, string[] arguments, Func<IEnumerable<RatioGroup>> groups, bool asSpeedUp)
    {
        int launches = 0;
        string? table = null;
        string? times = null;
        string only = "";
        for (int i = 0; i < arguments.Length; i += 2)
        {
            string? value = i + 1 < arguments.Length ? arguments[i + 1] : null;
            switch (arguments[i])
            {
                case "--launches" when int.TryParse(value, CultureInfo.InvariantCulture, out launches) && launches is >= 1 and <= MostLaunches:
                    break;
                case "--out" when value is not null:
                    table = value;
                    break;
                case "--only" when value is not null:
                    only = value;
                    break;
                case "--times" when value is not null: // how the child processes answer
                    times = value;
                    break;
                default:
                    Console.Error.WriteLine($"""
                        Usage: {verb} [--launches N] [--out FILE] [--only TEXT]
                          --launches N   Measures in N child processes, 1 to 99; without it, once in this one.
                          --out FILE     Writes the table to a file too.
                          --only TEXT    Measures the groups whose names hold the text.
                        """);
                    return 2;
            }
        }

        if (times is not null)
        {
            File.WriteAllText(times, JsonSerializer.Serialize(Measure(groups(), only)));
            return 0;
        }

        string markdown = RatioReport.Write(launches == 0 ? [Measure(groups(), only)] : Launch(verb, launches, only), asSpeedUp);
        Console.WriteLine();
        Console.WriteLine(markdown);
        if (table is not null)
        {
            if (Path.GetDirectoryName(table) is { Length: > 0 } folder)
            {
                Directory.CreateDirectory(folder);
            }

            File.WriteAllText(table, markdown);
        }

        return 0;
    }

    private static List<GroupTimes> Measure(IEnumerable<RatioGroup> groups, string only)
    {
        List<GroupTimes> results = [];
        foreach (RatioGroup group in groups.Where(group => group.Name.Contains(only, StringComparison.OrdinalIgnoreCase)))
        {
            Console.Error.WriteLine(group.Name);
            results.Add(PairedHarness.Measure(group));
        }

        return results;
    }

    private static List<List<GroupTimes>> Launch(string verb, int launches, string only)
    {
        List<List<GroupTimes>> results = [];
        for (int launch = 1; launch <= launches; launch++)
        {
            Console.Error.WriteLine($"Launch {launch} of {launches}");
            string file = Path.GetTempFileName();
            try
            {
                RunChild(verb, file, only);
                results.Add(JsonSerializer.Deserialize<List<GroupTimes>>(File.ReadAllText(file))!);
            }
            finally
            {
                File.Delete(file);
            }
        }

        return results;
    }

    private static void RunChild(string verb, string timesFile, string only)
    {
        List<string> arguments = [verb, "--times", timesFile, "--only", only];
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            arguments.Insert(0, typeof(RatiosCommand).Assembly.Location);
        }

        using Process child = Process.Start(Environment.ProcessPath!, arguments);
        child.WaitForExit();
        if (child.ExitCode != 0)
        {
            throw new InvalidOperationException($"A launch failed with exit code {child.ExitCode}; its error is above.");
        }
    }
}
