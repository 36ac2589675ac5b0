namespace InferenceShield.Lab;

/// <summary>Whether a suspect answers with the labels that a key gives: to triggers (DAWN), or in traps.</summary>
/// <remarks>
/// Which queries are looked at follows from the owner's key alone. Over random keys each group of them gets one of its labels, each as likely, so given the
/// answers the number of matches has an exact distribution: see <see cref="LabelSum"/>. For triggers that is the binomial distribution with chance 1 over the
/// labels that can be, over the answers that are one of these: whoever answers what the target does has no chance to match, and none to be accused.
/// Immutable and thread-safe.
/// </remarks>
internal sealed class KeyedLabelTest : OwnershipTest
{
    private readonly Query[] _queries;
    private readonly Func<MarkKey, Query, int> _label;
    private readonly HashSet<int> _rows;
    private readonly int _choices;
    private readonly IReadOnlyList<int> _exempt;
    private readonly double _mostMatch;

    /// <param name="name">trigger or trap.</param>
    /// <param name="queries">Those that carry the mark.</param>
    /// <param name="label">The label that a key gives to a query.</param>
    /// <param name="choices">Labels that a key can give to one query.</param>
    /// <param name="exempt">Labels that it never gives.</param>
    /// <param name="mostMatch">The most that a copy is expected to repeat.</param>
    public KeyedLabelTest(string name, IReadOnlyList<Query> queries, Func<MarkKey, Query, int> label, int choices, IReadOnlyList<int>? exempt, double mostMatch)
    {
        Name = name;
        _queries = [.. queries];
        _label = label;
        _choices = choices;
        _exempt = exempt ?? [];
        _mostMatch = mostMatch;
        _rows = [.. queries.Select(static query => query.Row)];
    }

    /// <inheritdoc/>
    public override string Name { get; }

    /// <inheritdoc/>
    public override string EffectUnit => "share of matches";

    /// <inheritdoc/>
    public override int Available => _queries.Length;

    /// <inheritdoc/>
    public override bool Uses(int row) => _rows.Contains(row);

    /// <inheritdoc/>
    public override int NeededAnswers(double expectedMatch, double pValue)
    {
        double groupSize = _queries.Length == 0 ? 1 : _queries.GroupBy(static query => query.Group).Sum(static group => Math.Pow(group.Count(), 2)) / _queries.Length;
        double chance = 1.0 / _choices;
        return (int)Math.Ceiling(BinomialTail.Needed(Math.Max(chance + ((1 - chance) * 0.05), Math.Min(expectedMatch, _mostMatch)), chance, pValue) * groupSize);
    }

    /// <inheritdoc/>
    public override Func<MarkKey, TestOutcome> Read(SuspectAnswers answers)
    {
        (Query[] possible, LabelCounts counts) = Count(answers);
        LabelSum chance = new(counts.Groups, _choices);
        double expected = counts.Answered == 0 ? double.NaN : possible.Length / ((double)_choices * counts.Answered);
        return key =>
        {
            if (counts.Answered == 0)
            {
                return new TestOutcome(0, double.NaN, double.NaN, double.NaN, double.NaN, double.NaN);
            }

            int matches = possible.Count(query => _label(key, query) == answers.Labels[query.Row]);
            (double low, double high) = BinomialTail.Interval(counts.Answered, matches);
            return new TestOutcome(counts.Answered, (double)matches / counts.Answered, expected, low - expected, high - expected, chance.Upper(matches));
        };
    }

    /// <inheritdoc/>
    public override RecordedTest Record(SuspectAnswers answers, IReadOnlyList<SuspectAnswers> controls, MarkKey key)
    {
        return new RecordedTest { Test = Name, Labels = CountWith(answers), ControlLabels = [.. controls.Select(CountWith)] };

        LabelCounts CountWith(SuspectAnswers model)
        {
            (Query[] possible, LabelCounts counts) = Count(model);
            return counts with { Matches = possible.Count(query => _label(key, query) == model.Labels[query.Row]) };
        }
    }

    private (Query[] Possible, LabelCounts Counts) Count(SuspectAnswers answers)
    {
        Query[] answered = [.. _queries.Where(query => answers.Labels[query.Row] >= 0)];
        Query[] possible = [.. answered.Where(query => answers.Labels[query.Row] != query.Impossible && !_exempt.Contains(answers.Labels[query.Row]))];
        int[][] groups = [.. possible.GroupBy(static query => query.Group).Select(group => group.GroupBy(query => answers.Labels[query.Row]).Select(static label => label.Count()).ToArray())];
        return (possible, new LabelCounts(answered.Length, _choices, groups, 0));
    }

    /// <param name="Row">The query.</param>
    /// <param name="Group">Queries of one group get one label.</param>
    /// <param name="Impossible">The label that no key gives to it; -1 for none.</param>
    /// <param name="Input">What marks need of it.</param>
    internal readonly record struct Query(int Row, int Group, int Impossible, MarkInput Input);
}
