using System.Text.Json;

namespace InferenceShield.Lab;

/// <summary>Writes what came of an audit, for people and for programs.</summary>
public static class AuditReport
{
    private const int Version = 1;

    /// <summary>A page that needs nothing else: tables, plots (inline SVG) and plain words; no script, nothing from elsewhere.</summary>
    /// <param name="result">What came of the audit.</param>
    /// <param name="settings">What was set, by name, as it should be shown; escaped here.</param>
    /// <param name="gates">What gates said; empty for none.</param>
    public static string ToHtml(AuditResult result, IReadOnlyDictionary<string, string> settings, IReadOnlyList<GateOutcome> gates)
    {
        ArgumentNullException.ThrowIfNull(result);
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(gates);
        return new HtmlReport(result, settings, gates).Write();
    }

    /// <summary>Everything as JSON: settings, the summary, rows with intervals, policies, gates, and every cell.</summary>
    /// <param name="result">What came of the audit.</param>
    /// <param name="settings">What was set, by name.</param>
    /// <param name="gates">What gates said; empty for none.</param>
    public static string ToJson(AuditResult result, IReadOnlyDictionary<string, string> settings, IReadOnlyList<GateOutcome> gates)
    {
        ArgumentNullException.ThrowIfNull(result);
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(gates);
        ReportFile file = new(Version, result.Plan.Digest, settings, Summarize(result), result.Rows, result.Utilities, gates, result.Cells);
        return JsonSerializer.Serialize(file, LabJsonContext.Default.ReportFile);
    }

    /// <summary>What each policy costs a thief and honest users, a sentence or some for each, at the largest budget.</summary>
    /// <param name="result">What came of the audit.</param>
    public static IReadOnlyList<string> Summarize(AuditResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return [.. PlainWords.Describe(result)];
    }
}
