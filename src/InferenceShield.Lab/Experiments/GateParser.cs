using System.Globalization;

namespace InferenceShield.Lab;

/// <summary>Reads gates, by recursive descent; see <see cref="AuditGate"/> for the grammar.</summary>
internal sealed class GateParser(string expression)
{
    private const string NameCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.+";

    private static readonly (string Name, GateMetric Metric)[] s_metrics =
    [
        ("agreement", GateMetric.Agreement), ("accuracy", GateMetric.Accuracy), ("top1-changed", GateMetric.TopOneChanged),
        ("l1", GateMetric.Distance), ("cost-multiplier", GateMetric.Cost),
    ];

    private static readonly string[] s_filters = ["setup", "policy", "attack"];
    private static readonly string[] s_comparisons = [">=", "<=", ">", "<"];

    private int _at;

    public GateTerm[] Parse()
    {
        List<GateTerm> terms = [ParseTerm()];
        for (SkipSpaces(); _at < expression.Length; SkipSpaces())
        {
            int start = _at;
            if (ReadWord() != "and")
            {
                throw Fault(start, "'and' with another term, or the end");
            }

            terms.Add(ParseTerm());
        }

        return [.. terms];
    }

    private GateTerm ParseTerm()
    {
        SkipSpaces();
        int start = _at;
        string metricName = ReadWord();
        int metric = Array.FindIndex(s_metrics, known => known.Name == metricName);
        if (metric < 0)
        {
            throw Fault(start, $"a metric: {string.Join(", ", s_metrics.Select(known => known.Name))}");
        }

        GateMetric kind = s_metrics[metric].Metric;
        bool ofPolicy = kind is GateMetric.TopOneChanged or GateMetric.Distance;
        Dictionary<string, string> filters = ParseFilters(ofPolicy);
        string comparison = ParseComparison();
        double bound = ParseBound(kind);
        int? budget = ParseBudget(metricName, ofPolicy);
        return new GateTerm(
            kind, filters.GetValueOrDefault("setup"), filters.GetValueOrDefault("policy"), filters.GetValueOrDefault("attack"), comparison, bound, budget);
    }

    private Dictionary<string, string> ParseFilters(bool ofPolicy)
    {
        Dictionary<string, string> filters = [];
        if (!TryTake('['))
        {
            return filters;
        }

        string[] allowed = ofPolicy ? [.. s_filters.Where(filter => filter != "attack")] : s_filters;
        do
        {
            SkipSpaces();
            int start = _at;
            string filter = ReadWord();
            if (!allowed.Contains(filter) || filters.ContainsKey(filter))
            {
                throw Fault(start, $"a filter, each once: {string.Join(", ", allowed)}");
            }

            Take('=', "'=' and a name");
            SkipSpaces();
            start = _at;
            string name = ReadWord();
            filters[filter] = name.Length > 0 ? name : throw Fault(start, $"the name of a {filter}");
        }
        while (TryTake(','));
        Take(']', "',' with another filter, or ']'");
        return filters;
    }

    private string ParseComparison()
    {
        SkipSpaces();
        string comparison = s_comparisons.FirstOrDefault(known => expression.AsSpan(_at).StartsWith(known, StringComparison.Ordinal))
            ?? throw Fault(_at, "a comparison: >, >=, <, <=" + (_at < expression.Length && expression[_at] == '[' ? "" : ", or '[' with filters"));
        _at += comparison.Length;
        return comparison;
    }

    private double ParseBound(GateMetric metric)
    {
        SkipSpaces();
        int start = _at;
        double most = metric switch { GateMetric.Cost => double.MaxValue, GateMetric.Distance => 2, _ => 1 };
        string range = metric switch { GateMetric.Cost => "a number of 0 or more", GateMetric.Distance => "a number from 0 to 2", _ => "a share from 0 to 1, such as 0.8" };
        string text = ReadWord();
        return double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double bound) && bound >= 0 && bound <= most
            ? bound
            : throw Fault(start, range);
    }

    private int? ParseBudget(string metric, bool ofPolicy)
    {
        int at = _at;
        if (!TryTake('@'))
        {
            return null;
        }

        if (ofPolicy)
        {
            throw Fault(at, $"no budget, for {metric} is of the policy, whatever the budget; expected 'and' or the end");
        }

        SkipSpaces();
        int start = _at;
        return int.TryParse(ReadWord(), NumberStyles.None, CultureInfo.InvariantCulture, out int budget) && budget > 0
            ? budget
            : throw Fault(start, "a budget: a whole number of queries, such as 5000");
    }

    private string ReadWord()
    {
        int start = _at;
        while (_at < expression.Length && NameCharacters.Contains(expression[_at], StringComparison.Ordinal))
        {
            _at++;
        }

        return expression[start.._at];
    }

    private void SkipSpaces()
    {
        while (_at < expression.Length && expression[_at] == ' ')
        {
            _at++;
        }
    }

    private bool TryTake(char expected)
    {
        SkipSpaces();
        if (_at >= expression.Length || expression[_at] != expected)
        {
            return false;
        }

        _at++;
        return true;
    }

    private void Take(char expected, string description)
    {
        if (!TryTake(expected))
        {
            throw Fault(_at, description);
        }
    }

    private FormatException Fault(int at, string expected)
    {
        string rest = expression[at..];
        string found = rest.Length == 0 ? "the end" : $"'{(rest.Length > 20 ? rest[..20] : rest)}'";
        return new FormatException($"Gate '{expression}', position {at + 1}: found {found}, expected {expected}.");
    }
}
