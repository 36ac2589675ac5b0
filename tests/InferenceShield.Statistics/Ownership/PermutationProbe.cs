using InferenceShield.Lab;
using InferenceShield.Numerics;

namespace InferenceShield.Statistics.Ownership;

/// <summary>Whether a suspect ranks the target's ranks 2 and 3, and 4 and 5, as a key has them change places; exact over random keys.</summary>
internal sealed class PermutationProbe
{
    private readonly List<(int Row, int Ahead, int Behind, int Group)> _pairs = [];
    private readonly List<(int Pair, int Ahead, int Behind, Hash128 Input)> _groups = [];
    private readonly MarkKeying _keying;

    /// <param name="clean">Clean answers to the logged queries.</param>
    /// <param name="classes">Numbers in an answer.</param>
    /// <param name="keying">Of the mark.</param>
    /// <param name="inputs">Digests; empty with <see cref="MarkKeying.Cell"/>.</param>
    public PermutationProbe(ReadOnlySpan<float> clean, int classes, MarkKeying keying, ReadOnlySpan<Hash128> inputs)
    {
        _keying = keying;
        Dictionary<(int, int, int, Hash128), int> numbers = [];
        Span<int> ranked = stackalloc int[5];
        for (int row = 0; row < clean.Length / classes; row++)
        {
            int count = PermutationMark.Rank(clean.Slice(row * classes, classes), ranked);
            for (int pair = 0; pair < PermutationMark.Pairs; pair++)
            {
                if (PermutationMark.TryGetPair(ranked[..count], pair, out int ahead, out int behind))
                {
                    (int, int, int, Hash128) group = (pair, Math.Min(ahead, behind), Math.Max(ahead, behind), keying == MarkKeying.Cell ? default : inputs[row]);
                    if (!numbers.TryGetValue(group, out int number))
                    {
                        numbers.Add(group, number = _groups.Count);
                        _groups.Add(group);
                    }
                    else if (keying == MarkKeying.ExactInput)
                    {
                        continue; // a repeat
                    }

                    _pairs.Add((row, ahead, behind, number));
                }
            }
        }
    }

    public TestOutcome Test(SipHashKey key, ReadOnlySpan<float> answers, int classes) => Read(answers, classes).Test(Bits(key));

    public double[] RunRandomKeys(ReadOnlySpan<float> answers, int classes, int keys, ulong seed)
    {
        SignSample sample = Read(answers, classes);
        return [.. Enumerable.Range(0, keys).Select(key => sample.Test(Bits(RandomKeys.Get(seed, key))).PValue)];
    }

    private SignSample Read(ReadOnlySpan<float> answers, int classes)
    {
        int[] swapped = new int[_groups.Count];
        int[] kept = new int[_groups.Count];
        foreach ((int row, int ahead, int behind, int group) in _pairs)
        {
            float first = answers[(row * classes) + ahead];
            float second = answers[(row * classes) + behind];
            swapped[group] += second > first ? 1 : 0;
            kept[group] += first > second ? 1 : 0;
        }

        return new SignSample(swapped, kept);
    }

    private bool[] Bits(SipHashKey key) =>
    [
        .. _groups.Select(group => _keying == MarkKeying.Cell
            ? PermutationMark.Swaps(key, group.Pair, group.Ahead, group.Behind)
            : PermutationMark.Swaps(key, group.Pair, group.Ahead, group.Behind, group.Input)),
    ];
}
