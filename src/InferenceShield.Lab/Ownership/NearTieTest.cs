using System.Globalization;
using InferenceShield.Numerics;

namespace InferenceShield.Lab;

/// <summary>Whether a suspect answers near ties of the target as a key picks.</summary>
/// <remarks>
/// <para>Counted are the rows whose two leading clean probabilities lie within the margin and which the suspect answers with one of the two. An
/// independent model is right by chance, 1/2, whatever it prefers: the p-value is over random keys given its answers, exact (see <see cref="SignSum"/>).
/// With <see cref="MarkKeying.Cell"/> all rows of a cell share one bit, so the cells are what counts and not the rows; with
/// <see cref="MarkKeying.ExactInput"/> every distinct input has its own, and repeats of an input count once.</para>
/// <para>Needs labels only. Immutable and thread-safe. Cost: a hash for each cell or input and key, and once for each suspect cells times rows.</para>
/// </remarks>
internal sealed class NearTieTest : OwnershipTest
{
    private readonly int[] _group;
    private readonly NearTie[] _row;
    private readonly (NearTie Tie, Hash128 Input)[] _groups;
    private readonly MarkKeying _keying;
    private readonly int[] _sizes;

    /// <param name="kind">What clean scores are.</param>
    /// <param name="clean">Clean scores of the target, row after row.</param>
    /// <param name="classes">Numbers in a row.</param>
    /// <param name="margin">Of the mark, in the posture that answered.</param>
    /// <param name="keying">Of the mark.</param>
    /// <param name="inputs">Of each row the digest that the mark is keyed by; empty with <see cref="MarkKeying.Cell"/>.</param>
    /// <param name="exempt">Classes that the mark leaves alone; null for none.</param>
    /// <param name="isFree">Whether a row has no other mark in its label; null if none has.</param>
    public NearTieTest(
        OutputKind kind, ReadOnlySpan<float> clean, int classes, double margin, MarkKeying keying, ReadOnlySpan<Hash128> inputs = default, IReadOnlyList<int>? exempt = null,
        Func<int, bool>? isFree = null)
    {
        int rows = clean.Length / classes;
        if (keying == MarkKeying.ExactInput && inputs.Length != rows)
        {
            throw new ArgumentException($"{inputs.Length} digests for {rows} rows: a mark that is keyed by inputs needs one for each.", nameof(inputs));
        }

        _keying = keying;
        _group = new int[rows];
        _row = new NearTie[rows];
        List<(NearTie, Hash128)> groups = [];
        Dictionary<(NearTie, Hash128), int> numbers = [];
        for (int row = 0; row < rows; row++)
        {
            _group[row] = -1;
            if ((isFree is not null && !isFree(row))
                || !NearTieMark.TryFind(kind, clean.Slice(row * classes, classes), margin, out NearTie tie)
                || (exempt is not null && (exempt.Contains(tie.Lower) || exempt.Contains(tie.Higher))))
            {
                continue;
            }

            Ties++;
            _row[row] = tie;
            (NearTie, Hash128) group = (tie, keying == MarkKeying.Cell ? default : inputs[row]);
            if (!numbers.TryGetValue(group, out _group[row]))
            {
                numbers.Add(group, groups.Count);
                _group[row] = groups.Count;
                groups.Add(group);
            }
            else if (keying == MarkKeying.ExactInput)
            {
                _group[row] = -1; // a repeat
                Ties--;
            }
        }

        _groups = [.. groups];
        _sizes = new int[_groups.Length];
        foreach (int group in _group.Where(static group => group >= 0))
        {
            _sizes[group]++;
        }
    }

    /// <inheritdoc/>
    public override string Name => "near-tie";

    /// <inheritdoc/>
    public override string EffectUnit => "share of matches";

    /// <inheritdoc/>
    public override int Available => Ties;

    /// <summary>Rows that are near ties; repeats of an input once.</summary>
    public int Ties { get; }

    /// <summary>Bits of the key that these rows hang on.</summary>
    public int Groups => _groups.Length;

    /// <summary>Whether a row is a near tie that counts.</summary>
    public override bool Uses(int row) => _group[row] >= 0;

    /// <inheritdoc/>
    /// <remarks>With cells: see <see cref="CellPower"/>.</remarks>
    public override int NeededAnswers(double expectedMatch, double pValue) =>
        _keying == MarkKeying.Cell ? CellPower.Needed(_sizes, expectedMatch, pValue) : BinomialTail.Needed(expectedMatch, 0.5, pValue);

    /// <inheritdoc/>
    public override string Shortage(double expectedMatch, double pValue) => _keying == MarkKeying.Cell ? CellPower.Shortage(_sizes, expectedMatch, pValue) : "";

    /// <inheritdoc/>
    public override Func<MarkKey, TestOutcome> Read(SuspectAnswers answers)
    {
        SignSample sample = Read(answers.Labels);
        return key => sample.Test(Bits(key.NearTies));
    }

    /// <inheritdoc/>
    public override string Note(SuspectAnswers answers)
    {
        SignSample sample = Read(answers.Labels);
        string exact = sample.IsExact ? "" : "The p-value is Hoeffding's bound, not exact: there are too many cells to add up. ";
        string bits = _keying == MarkKeying.Cell && sample.Answers > 0
            ? string.Create(CultureInfo.InvariantCulture, $"The answers lie in {sample.Bits} cells of the key, and no answers in these can give a p-value below {Math.Max(BinomialTail.Smallest, Math.Pow(2, -sample.Bits)):0.0e+0}.")
            : "";
        return (exact + bits).TrimEnd();
    }

    /// <inheritdoc/>
    public override RecordedTest Record(SuspectAnswers answers, IReadOnlyList<SuspectAnswers> controls, MarkKey key) => new()
    {
        Test = Name,
        Cells = [.. _groups.Select(static group => new[] { group.Tie.Lower, group.Tie.Higher, group.Tie.Mass })],
        Inputs = _keying == MarkKeying.Cell ? null : [.. _groups.Select(static group => $"{group.Input.High:x16}{group.Input.Low:x16}")],
        Picks = string.Concat(Bits(key.NearTies).Select(static bit => bit ? '1' : '0')),
        Suspect = Read(answers.Labels).Counts,
        Controls = [.. controls.Select(control => Read(control.Labels).Counts)],
    };

    /// <summary>A suspect's answers to the near ties.</summary>
    /// <param name="labels">One for each row, numbered as the target's classes; -1 for none.</param>
    public SignSample Read(ReadOnlySpan<int> labels)
    {
        int[] lower = new int[_groups.Length];
        int[] higher = new int[_groups.Length];
        for (int row = 0; row < _group.Length; row++)
        {
            if (_group[row] >= 0)
            {
                lower[_group[row]] += labels[row] == _row[row].Lower ? 1 : 0;
                higher[_group[row]] += labels[row] == _row[row].Higher ? 1 : 0;
            }
        }

        return new SignSample(lower, higher);
    }

    /// <summary>The bits of a key: whether it picks the lower label.</summary>
    /// <param name="key">The near-tie key: the owner's or any other.</param>
    public bool[] Bits(SipHashKey key)
    {
        bool[] bits = new bool[_groups.Length];
        for (int i = 0; i < bits.Length; i++)
        {
            (NearTie tie, Hash128 input) = _groups[i];
            bits[i] = (_keying == MarkKeying.Cell ? NearTieMark.Pick(key, tie) : NearTieMark.Pick(key, tie, input)) == tie.Lower;
        }

        return bits;
    }

    /// <summary>Tests a suspect under a key.</summary>
    /// <param name="key">The near-tie key: the owner's or any other.</param>
    /// <param name="labels">As for <see cref="Read(ReadOnlySpan{int})"/>.</param>
    public TestOutcome Run(SipHashKey key, ReadOnlySpan<int> labels) => Read(labels).Test(Bits(key));

    /// <summary>The p-values of a suspect under random keys.</summary>
    /// <param name="labels">As for <see cref="Read(ReadOnlySpan{int})"/>.</param>
    /// <param name="keys">How many.</param>
    /// <param name="seed">The keys follow from it.</param>
    public double[] RunRandomKeys(ReadOnlySpan<int> labels, int keys, ulong seed)
    {
        SignSample sample = Read(labels);
        double[] values = new double[keys];
        for (int i = 0; i < keys; i++)
        {
            values[i] = sample.Test(Bits(RandomKeys.Get(seed, i))).PValue;
        }

        return values;
    }
}
