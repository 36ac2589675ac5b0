using InferenceShield.Numerics;

namespace InferenceShield.Lab;

/// <summary>Whether a suspect orders the classes of ranks 2 and 3, and of 4 and 5, as a key does.</summary>
/// <remarks>An independent model keeps or turns the clean order for reasons of its own; the key's bit says to keep or to turn it. Over random keys, given the
/// answers, that is exact: see <see cref="SignSum"/>. Needs scores. Immutable and thread-safe.</remarks>
internal sealed class PermutationTest : OwnershipTest
{
    /// <summary>Classes with less are left out: a release rounds them away, and what a copy has there is noise.</summary>
    private const float LeastProbability = 0.001f;

    private readonly List<(int Row, int Ahead, int Behind, int Group)> _pairs = [];
    private readonly List<(int Pair, int Ahead, int Behind, Hash128 Input)> _groups = [];
    private readonly HashSet<int> _rows = [];
    private readonly MarkKeying _keying;
    private readonly int _classes;

    /// <param name="clean">Clean probabilities of the target, row after row.</param>
    /// <param name="classes">Numbers in a row.</param>
    /// <param name="keying">Of the mark.</param>
    /// <param name="inputs">Of each row what marks need of it.</param>
    /// <param name="isFree">Whether a row has no mark in its label, which would take the place of this one.</param>
    public PermutationTest(ReadOnlySpan<float> clean, int classes, MarkKeying keying, ReadOnlySpan<MarkInput> inputs, Func<int, bool> isFree)
    {
        _keying = keying;
        _classes = classes;
        Dictionary<(int, int, int, Hash128), int> numbers = [];
        Span<int> ranked = stackalloc int[5];
        for (int row = 0; row < clean.Length / classes; row++)
        {
            if (!isFree(row))
            {
                continue;
            }

            ReadOnlySpan<float> scores = clean.Slice(row * classes, classes);
            ReadOnlySpan<int> ranks = ranked[..PermutationMark.Rank(scores, ranked)];
            for (int pair = 0; pair < PermutationMark.Pairs; pair++)
            {
                if (!PermutationMark.TryGetPair(ranks, pair, out int ahead, out int behind) || scores[behind] < LeastProbability)
                {
                    break;
                }

                (int, int, int, Hash128) group = (pair, Math.Min(ahead, behind), Math.Max(ahead, behind), keying == MarkKeying.Cell ? default : inputs[row].Exact);
                if (!numbers.TryGetValue(group, out int number))
                {
                    number = _groups.Count;
                    numbers.Add(group, number);
                    _groups.Add((pair, ahead, behind, group.Item4));
                }

                _pairs.Add((row, ahead, behind, number));
                _rows.Add(row);
            }
        }
    }

    /// <inheritdoc/>
    public override string Name => "permutation";

    /// <inheritdoc/>
    public override string EffectUnit => "share of orders";

    /// <inheritdoc/>
    public override bool NeedsScores => true;

    /// <inheritdoc/>
    public override int Available => _pairs.Count;

    /// <inheritdoc/>
    public override bool Uses(int row) => _rows.Contains(row);

    /// <inheritdoc/>
    /// <remarks>With cells: see <see cref="CellPower"/>.</remarks>
    public override int NeededAnswers(double expectedMatch, double pValue) =>
        _keying == MarkKeying.Cell ? CellPower.Needed(Sizes(), expectedMatch, pValue) : BinomialTail.Needed(expectedMatch, 0.5, pValue);

    /// <inheritdoc/>
    public override string Shortage(double expectedMatch, double pValue) => _keying == MarkKeying.Cell ? CellPower.Shortage(Sizes(), expectedMatch, pValue) : "";

    /// <inheritdoc/>
    public override Func<MarkKey, TestOutcome> Read(SuspectAnswers answers)
    {
        SignCounts counts = Count(answers);
        SignSample sample = new(counts.First, counts.Second);
        return key => sample.Test(Swaps(key));
    }

    /// <inheritdoc/>
    public override RecordedTest Record(SuspectAnswers answers, IReadOnlyList<SuspectAnswers> controls, MarkKey key) => new()
    {
        Test = Name,
        Picks = string.Concat(Swaps(key).Select(static swap => swap ? '1' : '0')),
        Suspect = Count(answers),
        Controls = [.. controls.Select(Count)],
    };

    private int[] Sizes() => [.. _pairs.GroupBy(static pair => pair.Group).Select(static group => group.Count())];

    private SignCounts Count(SuspectAnswers answers)
    {
        int[] turned = new int[_groups.Count];
        int[] kept = new int[_groups.Count];
        float[] scores = answers.Scores!;
        foreach ((int row, int ahead, int behind, int group) in _pairs)
        {
            if (answers.Labels[row] >= 0)
            {
                float difference = scores[(row * _classes) + ahead] - scores[(row * _classes) + behind];
                turned[group] += difference < 0 ? 1 : 0;
                kept[group] += difference > 0 ? 1 : 0;
            }
        }

        return new SignCounts(turned, kept);
    }

    private bool[] Swaps(MarkKey key) => [.. _groups.Select(group => _keying == MarkKeying.Cell
        ? PermutationMark.Swaps(key.Permutations, group.Pair, group.Ahead, group.Behind)
        : PermutationMark.Swaps(key.Permutations, group.Pair, group.Ahead, group.Behind, group.Input))];
}
