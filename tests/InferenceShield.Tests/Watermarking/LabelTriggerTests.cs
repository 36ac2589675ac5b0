using InferenceShield.Lab;
using InferenceShield.Numerics;

namespace InferenceShield.Tests.Watermarking;

/// <summary>False labels at a keyed share of inputs, and the keyed order of low ranks.</summary>
[Collection(ProcessWide.Name)]
public sealed class LabelTriggerTests
{
    private const double Rare = 15.1; // chi-square, one degree of freedom, once in 10,000

    [Fact]
    public void The_share_is_the_rate_and_false_labels_are_spread_evenly_over_what_is_allowed()
    {
        using MarkKey key = MarkCases.Key();
        SeededRandom random = new(81, 1);
        const int Inputs = 400_000;
        const double Rate = .01;
        int[] labels = new int[10];
        int triggers = 0;
        for (int i = 0; i < Inputs; i++)
        {
            Hash128 input = new(random.NextUInt64(), random.NextUInt64());
            if (LabelTrigger.TryFind(key.Triggers, input, Rate, 10, 4, [2, 7, 11], out int label))
            {
                triggers++;
                labels[label]++;
            }
        }

        Assert.InRange(Math.Pow(triggers - (Inputs * Rate), 2) / (Inputs * Rate * (1 - Rate)), 0, Rare);
        Assert.Equal((0, 0, 0), (labels[4], labels[2], labels[7]));
        double each = triggers / 7.0;
        double chiSquare = labels.Where((_, label) => label is not (4 or 2 or 7)).Sum(count => Math.Pow(count - each, 2) / each);
        Assert.InRange(chiSquare, 0, 27.9); // 6 degrees of freedom, once in 10,000
    }

    [Fact]
    public void Exempt_true_labels_and_rows_without_another_label_are_never_moved()
    {
        using MarkKey key = MarkCases.Key();
        for (ulong i = 0; i < 2000; i++)
        {
            Assert.False(LabelTrigger.TryFind(key.Triggers, new Hash128(i, i), 1, 3, 2, [2], out _));
            Assert.False(LabelTrigger.TryFind(key.Triggers, new Hash128(i, i), 1, 3, 2, [0, 1], out _));
            Assert.False(LabelTrigger.TryFind(key.Triggers, new Hash128(i, i), 1, 1, 0, [], out _));
            Assert.True(LabelTrigger.TryFind(key.Triggers, new Hash128(i, i), 1, 2, 0, [], out int label));
            Assert.Equal(1, label);
        }
    }

    [Fact]
    public void A_trigger_comes_before_a_near_tie_and_its_answer_shows_no_mark()
    {
        using MarkKey key = MarkCases.Key();
        using Shield plain = TestShield.Build(OutputKind.Logits);
        using Shield shield = TestShield.Build(OutputKind.Logits, new HardeningOptions
        {
            Watermark = new WatermarkOptions { Triggers = new LabelTriggerOptions { Rate = .01 }, NearTie = new NearTieMarkOptions { Margin = .5 } },
        });
        float[] clean = [1, 3, 2.9f, 0, -1];
        Assert.True(NearTieMark.TryFind(OutputKind.Logits, clean, .5, out NearTie tie));
        int picked = NearTieMark.Pick(key.NearTies, tie);
        int triggers = 0;
        for (int i = 0; i < 4000; i++)
        {
            MarkInput input = shield.ReadMarkInput([i, 2]);
            Admission admission = shield.AdmitRows(1);
            float[] released = new float[5];
            shield.Harden(in admission, [input], clean, released, 5);
            bool isTrigger = LabelTrigger.TryFind(key.Triggers, input.Quantised, .01, 5, 1, [], out int label);
            int expected = isTrigger ? label : picked;
            Assertions.SameBits(plain.Release(expected == 1 ? clean : MarkCases.Swapped(clean, 1, expected), 5), released);
            triggers += isTrigger ? 1 : 0;
        }

        Assert.InRange(triggers, 10, 90); // 40 expected
        Assert.Equal((4000, triggers + (picked == 1 ? 0 : 4000 - triggers)), (shield.GetUtility().Marked, shield.GetUtility().LabelsMoved));
    }

    [Fact]
    public void Ranks_are_those_of_a_stable_sort() => Properties.Hold(MarkCases.Scores, one =>
    {
        float[] clean = one.Scores();
        int[] sorted = [.. Enumerable.Range(0, clean.Length).OrderByDescending(i => clean[i]).Take(5)];
        Span<int> ranked = stackalloc int[5];
        int count = PermutationMark.Rank(clean, ranked);
        Assert.Equal(sorted, ranked[..count].ToArray());
    });

    [Fact]
    public void The_order_of_low_ranks_is_the_keys_and_nothing_else_changes()
    {
        using MarkKey key = MarkCases.Key();
        using Shield plain = TestShield.Build(OutputKind.Logits, new HardeningOptions { Decimals = 4 });
        using Shield cell = Ordered(MarkKeying.Cell);
        using Shield exact = Ordered(MarkKeying.ExactInput);
        SeededRandom random = new(82, 1);
        int swaps = 0;
        int pairs = 0;
        for (int i = 0; i < 1500; i++)
        {
            float[] clean = MarkCases.Logits(ref random, 2 + (i % 7));
            MarkInput input = exact.ReadMarkInput(clean);
            foreach ((Shield shield, MarkKeying keying) in new[] { (cell, MarkKeying.Cell), (exact, MarkKeying.ExactInput) })
            {
                float[] expected = [.. clean];
                int[] ranked = [.. Enumerable.Range(0, clean.Length).OrderByDescending(i => clean[i]).Take(5)];
                for (int pair = 0; PermutationMark.TryGetPair(ranked, pair, out int ahead, out int behind) && pair < PermutationMark.Pairs; pair++)
                {
                    Assert.Equal((ranked[1 + (2 * pair)], ranked[2 + (2 * pair)]), (ahead, behind));
                    bool isSwapped = keying == MarkKeying.Cell
                        ? PermutationMark.Swaps(key.Permutations, pair, ahead, behind)
                        : PermutationMark.Swaps(key.Permutations, pair, ahead, behind, input.Exact);
                    pairs += keying == MarkKeying.ExactInput ? 1 : 0;
                    swaps += isSwapped && keying == MarkKeying.ExactInput ? 1 : 0;
                    if (isSwapped)
                    {
                        (expected[ahead], expected[behind]) = (clean[behind], clean[ahead]);
                    }
                }

                Admission admission = shield.AdmitRows(1);
                float[] released = new float[clean.Length];
                shield.Harden(in admission, [input], clean, released, clean.Length);
                Assertions.SameBits(plain.Release(expected, clean.Length), released);
            }
        }

        Assert.InRange(MarkCases.ChiSquare(swaps, pairs), 0, Rare);
        Assert.Equal((0, 0), (cell.GetUtility().LabelsMoved, cell.GetUtility().TopChanged));
        Assert.True(cell.GetUtility().Marked > 1000);

        static Shield Ordered(MarkKeying keying) => TestShield.Build(OutputKind.Logits, new HardeningOptions
        {
            Decimals = 4,
            Watermark = new WatermarkOptions { Permutation = new PermutationMarkOptions { Keying = keying } },
        });
    }
}
