using System.Globalization;
using System.Text;

namespace InferenceShield.Statistics.Detection;

/// <summary>docs/detection.md, made of the CSV files alone.</summary>
internal static class DetectionPage
{
    private static readonly string[] s_paddings = ["0", "50", "80", "95", "ramp", "after 1000"];

    /// <summary>Its place in the repository.</summary>
    public static string PathIn(string root) => Path.Combine(root, "docs", "detection.md");

    public static void WriteFile(string root) => File.WriteAllText(PathIn(root), Make(root));

    /// <summary>The page's text.</summary>
    public static string Make(string root)
    {
        string results = Path.Combine(root, "tests", "InferenceShield.Statistics", "results");
        DetectionFigures figures = new(
            DetectionRow.Read(Path.Combine(results, DetectionRow.File)),
            CellTable.Read(Path.Combine(results, "detection-letters.csv")),
            CellTable.Read(Path.Combine(results, "detection-adaptive.csv")),
            CellTable.Read(Path.Combine(results, "detection-poisoned.csv")));
        StringBuilder page = new(DetectionText.Head(figures));
        AppendPromises(page, figures);
        AppendDelays(page, figures);
        AppendOdometer(page, figures);
        AppendLinking(page, figures);
        AppendLetters(page, figures);
        AppendAdaptive(page, figures);
        AppendPoisoned(page, figures);
        page.Append(DetectionText.Poisoned);
        AppendSilence(page, CellTable.Read(Path.Combine(results, "silence.csv")));
        return page.Append(DetectionText.Tail).ToString();
    }

    private static void AppendPromises(StringBuilder page, DetectionFigures figures)
    {
        page.Append("\n## Honest callers alarmed\n\nShare of honest callers ever alarmed in a life of up to 5,000 queries, % (95 % interval). Calibrated on 4,000 callers; the callers tested and their images are new. Shifted callers send images changed as none in the calibration was: more contrast, gamma, blur, mirrored.\n\n| | like the calibrated | shifted |\n|---|---|---|\n");
        foreach ((string statistic, string name) in ((string, string)[])[("full", "Full, promise 1 %"), ("full strict", "Full, promise .1 %"), ("output", "Output, promise 1 %"), ("output strict", "Output, promise .1 %"), ("output without near-duplicates", "Output without near-duplicates")])
        {
            page.Append(CultureInfo.InvariantCulture, $"| {name} | {figures.Share("honest", "as calibrated", "0", statistic)} | {figures.Share("honest", "unseen shift", "0", statistic)} |\n");
        }

        page.Append(CultureInfo.InvariantCulture, $"\nShifted by blur alone {figures.Share("honest by shift", "Blur", "0", "output without near-duplicates")} are alarmed by their answers, mirrored {figures.Share("honest by shift", "Mirror", "0", "output without near-duplicates")}, by gamma {figures.Share("honest by shift", "Gamma", "0", "output without near-duplicates")}, by contrast {figures.Share("honest by shift", "Lift", "0", "output without near-duplicates")}: a model that answers shifted inputs otherwise shows it.\n");
        page.Append(CultureInfo.InvariantCulture, $"\nWhy textbook tests are not used: at a threshold of ln 1000, that is .1 % nominally, a CUSUM of e-values against the pool of all honest queries alarms on {figures.Share("uncalibrated", "as calibrated", "0", "pooled cusum")} of honest callers, one against each label's on {figures.Share("uncalibrated", "as calibrated", "0", "label cusum")}. The Huber-discounted one of the cold start alarms on {figures.Share("uncalibrated", "as calibrated", "0", "cold start")} with tables of callers' traffic, and on {figures.Share("uncalibrated", "as calibrated", "0", "cold start of clean rows")} with tables of clean rows: its promise is a run length, not a share of callers.\n");
    }

    private static void AppendDelays(StringBuilder page, DetectionFigures figures)
    {
        page.Append("\n## Queries until the alarm\n\nFull family at the promise of 1 %: median / 90th percentile of all queries of the caller, padding included [95 % interval of the median]; in brackets the share of 20 streams alarmed within 4,000, where not all. Ramp: from no attack to nothing but attack over 4,000 queries. The last column counts after 1,000 honest queries.\n\n");
        page.Append("| attack | pure | 50 % padding | 80 % | 95 % | ramp | after 1,000 honest |\n|---|---|---|---|---|---|---|\n");
        foreach (string attack in figures.Attacks)
        {
            page.Append(CultureInfo.InvariantCulture, $"| {attack} | {string.Join(" | ", s_paddings.Select(padding => figures.Delay(attack, padding, "full")))} |\n");
        }

        page.Append("\nThe Output family alone, pure streams:\n\n| attack | Output | Full at .1 % |\n|---|---|---|\n");
        foreach (string attack in figures.Attacks)
        {
            page.Append(CultureInfo.InvariantCulture, $"| {attack} | {figures.Delay(attack, "0", "output")} | {figures.Delay(attack, "0", "full strict")} |\n");
        }
    }

    private static void AppendOdometer(StringBuilder page, DetectionFigures figures)
    {
        page.Append("\n## The leak odometer\n\nSpearman's rank correlation with the agreement of copies trained on the same queries, 13 attacks, 50 to 4,000 queries:\n\n| | all counts | at equal counts |\n|---|---|---|\n");
        foreach ((string odometer, string name) in ((string, string)[])[("mass", "covered benign mass, 6 bits"), ("queries", "count of queries"), ("sentry", "SENTRY")])
        {
            page.Append(CultureInfo.InvariantCulture, $"| {name} | {figures.Figure("odometer agreement", "all", "all counts", odometer)} | {figures.Figure("odometer agreement", "all", "equal counts", odometer)} |\n");
        }

        page.Append("\nWhat a limit on the odometer leaves to a thief who asks what honest callers ask, or otherwise: queries until the limit, and agreement of his copy then.\n\n| limit | ");
        (string Data, string Thief)[] thieves = [("fashion", "knockoff"), ("letters", "knockoff"), ("letters", "active"), ("letters", "mixtures"), ("letters", "jbda")];
        page.Append(string.Join(" | ", thieves.Select(thief => $"{thief.Data}, {thief.Thief}"))).Append(" |\n|---|").Insert(page.Length, "---|", thieves.Length).Append('\n');
        foreach (string limit in new[] { "0.4", "0.6", "0.75", "0.85", "0.92" })
        {
            page.Append(CultureInfo.InvariantCulture, $"| {limit} | {string.Join(" | ", thieves.Select(thief => figures.Limit(thief.Data, thief.Thief, limit)))} |\n");
        }

        page.Append("\nHonest callers spend as fast. Their odometer on Fashion-MNIST, median / 90th percentile:");
        page.Append(CultureInfo.InvariantCulture, $" {string.Join(", ", new[] { "100", "500", "1000", "2000" }.Select(queries => $"{figures.Spent(queries)} after {queries}"))} queries. A limit prices use; it does not tell thieves from busy customers.\n");
    }

    private static void AppendLinking(StringBuilder page, DetectionFigures figures)
    {
        page.Append(CultureInfo.InvariantCulture, $"\n## Callers that act together\n\nSybils of 45 queries each among 600 honest callers: share of 200 cohorts in which they are found, %. Cohorts of honest callers alone: {figures.Share("linking", "honest", "0", "group")} alarmed (1 % is promised at each number of queries).\n\n| attack | 5 sybils | 10 | 20 | 40 |\n|---|---|---|---|---|\n");
        foreach (string attack in figures.Attacks)
        {
            page.Append(CultureInfo.InvariantCulture, $"| {attack} | {string.Join(" | ", new[] { "5", "10", "20", "40" }.Select(sybils => figures.PlainShare("linking", attack, sybils, "group")))} |\n");
        }
    }

    private static void AppendLetters(StringBuilder page, DetectionFigures figures)
    {
        page.Append("\n## A table instead of images: letters\n\n16 features, 26 classes; calibrated on 3,000 callers, 20 streams an attack. Queries until the Full alarm, and what copies agree.\n\n| callers | alarmed, % | median | 90th percentile | Output alarmed, % | copy at the alarm | copy at 4,000 |\n|---|---|---|---|---|---|---|\n");
        foreach (CellRow row in figures.Letters)
        {
            page.Append(CultureInfo.InvariantCulture, $"| {(row["experiment"] == "honest" ? "honest: " : "")}{row["name"]} ({row["callers"]}) | {Percent(row["alarmed"])} | {row["median"]} | {row["p90"]} | {Percent(row["output alarmed"])} | {Dash(row["agreement at alarm"])} | {Dash(row["agreement"])} |\n");
        }
    }

    private static void AppendAdaptive(StringBuilder page, DetectionFigures figures)
    {
        page.Append("\n## Thieves who know the algorithm\n\nThey know everything but the key and the calibration. 300 honest queries first, 4,000 in all; few streams (the first number), so that never means less than it says. Lives: the same after the epoch's end, 15,000 queries.\n\n| data | thief | streams | alarmed, % | median | copy at the alarm | copy in the end | odometer |\n|---|---|---|---|---|---|---|---|\n");
        foreach (CellRow row in figures.Adaptive.Where(row => row["experiment"] is "thief" or "drip"))
        {
            page.Append(CultureInfo.InvariantCulture, $"| {row["data"]} | {row["name"]} | {row["callers"]} | {Percent(row["alarmed"])} | {row["median"]} | {Dash(row["agreement at alarm"])} | {row["agreement"]} | {row["odometer"]} |\n");
        }

        page.Append("\nOne who looks at his answers: when they turn coarser he takes a new key and asks more carefully. Copy in the end, against one who stays and one whose coarser answers are all he gets.\n\n| data | thief | keys and halvings | copy in the end |\n|---|---|---|---|\n");
        foreach (CellRow row in figures.Adaptive.Where(row => row["experiment"] == "search"))
        {
            page.Append(CultureInfo.InvariantCulture, $"| {row["data"]} | {row["name"]} | {row["statistic"]} | {row["agreement"]} |\n");
        }

        page.Append("\nThe same queries over many keys: share of keys alarmed, and the largest group linked against what honest cohorts have.\n\n| data | thief | keys alarmed, % | linked |\n|---|---|---|---|\n");
        foreach (CellRow row in figures.Adaptive.Where(row => row["experiment"] == "sybils"))
        {
            page.Append(CultureInfo.InvariantCulture, $"| {row["data"]} | {row["name"]} | {Percent(row["alarmed"])} | {row["statistic"]} |\n");
        }
    }

    private static void AppendPoisoned(StringBuilder page, DetectionFigures figures)
    {
        string[] attacks = ["mixtures", "jbda", "uniform"];
        string[] treatments = ["trimmed 0", "trimmed 0.05", "trimmed 0.1", "trimmed 0.1 then reviewed", "trimmed 0.1 then all listed dropped"];
        page.Append("\n## Attackers among the callers of the calibration\n\nLetters, 1,500 callers in the log, 8 streams. Median queries until the alarm of the attack that is in the log (share alarmed, where not all), and honest callers alarmed.\n\n| in the log | treatment | ").Append(string.Join(" | ", attacks)).Append(" | honest alarmed, % |\n|---|---|").Insert(page.Length, "---|", attacks.Length).Append("---|\n");
        foreach (string share in new[] { "", "0.01", "0.05", "0.1" })
        {
            foreach (string treatment in treatments)
            {
                string[] cells = [.. attacks.Select(attack => figures.Poisoned(attack, share, treatment))];
                if (cells.Any(cell => cell.Length > 0))
                {
                    page.Append(CultureInfo.InvariantCulture, $"| {(share.Length == 0 ? "none" : $"{100 * double.Parse(share, CultureInfo.InvariantCulture):0} %")} | {treatment} | {string.Join(" | ", cells)} | {figures.PoisonedHonest(attacks, share, treatment)} |\n");
                }
            }
        }
    }

    private static void AppendSilence(StringBuilder page, IReadOnlyList<CellRow> rows)
    {
        page.Append(DetectionText.Silence);
        foreach (CellRow row in rows.Where(row => row["posture"] is "Restricted" or "Guarded" or "Normal again"))
        {
            double effect = 100 * double.Parse(row["effect"], CultureInfo.InvariantCulture);
            double chance = double.Parse(row["p_ranks"], CultureInfo.InvariantCulture);
            page.Append(CultureInfo.InvariantCulture, $"| {row["path"]}, {row["classes"]} classes | {(row["equal_work"] == "True" ? "yes" : "no")} | {row["posture"]} | {effect:+0.00;-0.00;0.00} | {(chance < 1e-12 ? "< 1e-12" : chance.ToString("0.0##E+0", CultureInfo.InvariantCulture))} |\n");
        }
    }

    private static string Percent(string share) => double.TryParse(share, CultureInfo.InvariantCulture, out double value) ? (100 * value).ToString("0.##", CultureInfo.InvariantCulture) : "";

    private static string Dash(string value) => value is "none" ? "" : value;
}
