using System.Globalization;
using System.Text;

namespace InferenceShield.Tool;

/// <summary>What <c>inspect</c> found.</summary>
internal sealed record ModelFindings(
    string Model,
    IReadOnlyList<TensorFinding> Inputs,
    IReadOnlyList<TensorFinding> Outputs,
    IReadOnlyList<OutputGuess> Guesses,
    IReadOnlyList<LeakVerdict> Leaks,
    string Advice,
    string? Settings,
    int Rows,
    bool RowsAreNoise)
{
    /// <summary>The same for people.</summary>
    public override string ToString()
    {
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"{Model}\n\nInputs\n");
        foreach (TensorFinding input in Inputs)
        {
            text.Append(CultureInfo.InvariantCulture, $"  {input}\n");
        }

        text.Append(CultureInfo.InvariantCulture, $"\nOutputs, as {Rows} rows of {(RowsAreNoise ? "seeded noise" : "your data")} show them\n");
        foreach (TensorFinding output in Outputs)
        {
            OutputGuess? guess = Guesses.FirstOrDefault(one => one.Output == output.Name);
            text.Append(CultureInfo.InvariantCulture, $"  {output}: {(guess is null ? "no floats" : guess.Kind == OutputKind.None ? guess.Reason : $"{guess.Kind} ({guess.Reason})")}\n");
        }

        if (Leaks.Count > 0)
        {
            text.Append("\nWhat answers leak\n");
        }

        foreach (LeakVerdict leak in Leaks)
        {
            text.Append(CultureInfo.InvariantCulture, $"  {leak.Output} under {leak.Policy}: {leak.DistinctAnswers} of {leak.Answers} answers differ; {(leak.Findings.Count == 0 ? "nothing found" : "LEAKS " + string.Join(", ", leak.Findings.Select(finding => finding.Check)))}\n");
            foreach (LeakFinding finding in leak.Policy == "none" ? [] : leak.Findings)
            {
                text.Append(CultureInfo.InvariantCulture, $"    {finding.Check}: {finding.Verdict}\n");
            }
        }

        if (RowsAreNoise)
        {
            text.Append("  Noise is no data: repeat with --data before you rely on it.\n");
        }

        text.Append(CultureInfo.InvariantCulture, $"\n{Advice}\n");
        return Settings is null ? text.ToString() : text.Append("\nIn appsettings.json:\n").Append(Settings).Append('\n').ToString();
    }
}
