using System.Globalization;
using InferenceShield.Soak;

// The invariants of the concurrent parts for minutes instead of seconds, with threads and seeds at random; and the flood of names.
switch (args)
{
    case []:
        return SoakRun.Run(TimeSpan.FromMinutes(10), Environment.TickCount);
    case ["--minutes", string minutes] when double.TryParse(minutes, CultureInfo.InvariantCulture, out double length) && length > 0:
        return SoakRun.Run(TimeSpan.FromMinutes(length), Environment.TickCount);
    case ["--minutes", string minutes, "--seed", string seed] when double.TryParse(minutes, CultureInfo.InvariantCulture, out double length) && length > 0
        && int.TryParse(seed, CultureInfo.InvariantCulture, out int first):
        return SoakRun.Run(TimeSpan.FromMinutes(length), first);
    case ["flood"]:
        return FloodRun.Run();
    default:
        await Console.Error.WriteLineAsync("Usage: dotnet run --project tests/InferenceShield.Soak -c Release [-- --minutes N [--seed S]] (or -- flood)").ConfigureAwait(false);
        return 2;
}
