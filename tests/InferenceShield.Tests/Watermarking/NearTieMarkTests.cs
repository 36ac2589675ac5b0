using FsCheck;
using FsCheck.Fluent;
using InferenceShield.Lab;
using InferenceShield.Numerics;

namespace InferenceShield.Tests.Watermarking;

/// <summary>What is a near tie, and which of its labels the key picks.</summary>
public sealed class NearTieMarkTests
{
    private const double Rare = 15.1; // chi-square, one degree of freedom, once in 10,000

    private static Gen<(ScoreCase Scores, double Margin)> Cases { get; } =
        from scores in MarkCases.Scores
        from classes in Gen.Frequency((9, Gen.Constant(scores.Classes)), (1, Gen.Constant(1000)))
        from margin in Gen.Elements(.001, .05, .1, .2, .5)
        select (scores with { Classes = classes }, margin);

    [Fact]
    public void A_near_tie_is_what_the_plain_softmax_says() => Properties.Hold(
        Cases,
        one =>
        {
            float[] clean = one.Scores.Scores();
            double[] plain = Plain(one.Scores.Kind, clean);
            int first = Assertions.FirstOfLargest(clean);
            int second = ReleaseCases.RunnerUp(clean, first);
            double difference = plain[first] - plain[second];
            bool isTie = NearTieMark.TryFind(one.Scores.Kind, clean, one.Margin, out NearTie tie);
            if (Math.Abs(difference - one.Margin) > 1e-9)
            {
                Assert.Equal(difference <= one.Margin, isTie);
            }

            if (isTie)
            {
                Assert.Equal((Math.Min(first, second), Math.Max(first, second)), (tie.Lower, tie.Higher));
                Assert.Equal((plain[first] + plain[second]) * 10, tie.Mass, .5 + 1e-9);
            }
        },
        tests: 3000);

    [Fact]
    public void Bounds_leave_no_near_tie_out()
    {
        // Rows whose others are as large as they can be are where the bounds are sharp.
        SeededRandom random = new(71, 1);
        int ties = 0;
        foreach (int classes in (int[])[2, 3, 10, 16, 17, 26, 104])
        {
            for (int i = 0; i < 400; i++)
            {
                double margin = .01 + (.49 * Math.Abs(random.NextSigned()));
                double e = (1 - margin) / (1 + ((classes - 1) * margin));
                float[] clean = new float[classes];
                Array.Fill(clean, (float)(5 + Math.Log(e) + (1e-4 * random.NextSigned())));
                clean[random.NextInt32(classes)] = 5;
                double[] plain = Plain(OutputKind.Logits, clean);
                double difference = plain.Max() - plain.Min();
                bool isTie = NearTieMark.TryFind(OutputKind.Logits, clean, margin, out _);
                ties += isTie ? 1 : 0;
                Assert.True(Math.Abs(difference - margin) < 1e-9 || difference <= margin == isTie, $"{classes} classes, margin {margin:R}, difference {difference:R}");
            }
        }

        Assert.InRange(ties, 7 * 100, 7 * 300);
    }

    [Fact]
    public void Every_way_to_find_near_ties_decides_by_the_last_bit_of_the_distribution()
    {
        int ties = 0;
        Properties.Hold(
            Cases,
            one =>
            {
                float[] clean = one.Scores.Scores();
                double[] distribution = new double[clean.Length];
                Assert.True(CleanAnswers.TryNormalize(one.Scores.Kind, clean, distribution, out int first));
                int second = ReleaseCases.RunnerUp(clean, first);
                double difference = distribution[first] - distribution[second];
                NearTie expected = new(Math.Min(first, second), Math.Max(first, second), (int)Math.Round((distribution[first] + distribution[second]) * 10));
                Assert.True(NearTieMark.TryFindNear(one.Scores.Kind, clean, difference, out NearTie tie));
                Assert.Equal(expected, tie);
                Assert.False(NearTieMark.TryFindNear(one.Scores.Kind, clean, Math.BitDecrement(difference), out tie));
                Assert.Equal(default, tie);
                Assert.Equal(difference <= one.Margin, NearTieMark.TryFindNear(one.Scores.Kind, clean, one.Margin, out tie));
                Assert.Equal(difference <= one.Margin ? expected : default, tie);
                Assert.Equal(difference <= one.Margin, NearTieMark.TryFind(one.Scores.Kind, clean, one.Margin, out _));
                ties += tie == default ? 0 : 1;
            },
            tests: 2000);
        Assert.True(ties > 200);
    }

    [Fact]
    public void A_row_at_fault_or_of_one_class_is_no_near_tie()
    {
        Assert.False(NearTieMark.TryFind(OutputKind.Logits, [1], .5, out _));
        foreach (float bad in (float[])[float.NaN, float.PositiveInfinity, float.NegativeInfinity])
        {
            for (int classes = 3; classes < 40; classes++)
            {
                for (int place = 0; place < classes; place++)
                {
                    float[] clean = new float[classes];
                    clean[place] = bad;
                    Assert.False(NearTieMark.TryFind(OutputKind.Logits, clean, .5, out _));
                }
            }
        }

        Assert.False(NearTieMark.TryFind(OutputKind.Probabilities, [.5f, .6f], .5, out _));
        Assert.False(NearTieMark.TryFind(OutputKind.Probabilities, [.52f, .52f, -.04f], .5, out _));
    }

    [Fact]
    public void The_two_largest_are_those_of_a_sorted_row_on_every_path()
    {
        Properties.Hold(MarkCases.Scores, one =>
        {
            float[] clean = one.Scores();
            float[] sorted = [.. clean.OrderDescending()];
            LeadingTwo.Find(clean, out float largest, out float second);
            Assert.Equal((sorted[0], sorted[1]), (largest, second));
            LeadingTwo.FindScalar(clean, out largest, out second);
            Assert.Equal((sorted[0], sorted[1]), (largest, second));
        });
        for (int classes = 2; classes < 70; classes++)
        {
            for (int place = 0; place < classes; place++)
            {
                float[] clean = new float[classes];
                clean[place] = 2;
                clean[(place + 1 + (place % (classes - 1))) % classes] = 1;
                LeadingTwo.Find(clean, out float largest, out float second);
                Assert.Equal((2, 1), (largest, second));
            }
        }
    }

    [Fact]
    public void Bits_are_even_and_those_of_another_secret_or_model_have_nothing_to_do_with_them()
    {
        using MarkKey key = MarkCases.Key();
        using MarkKey otherSecret = MarkCases.Key(secret: 2);
        using MarkKey otherModel = MarkCases.Key(model: "other");
        NearTie[] ties = [.. from lower in Enumerable.Range(0, 40) from higher in Enumerable.Range(lower + 1, 20) from mass in Enumerable.Range(3, 8) select new NearTie(lower, higher, mass)];
        bool[] bits = Bits(key);
        Assert.Equal(bits, Bits(MarkCases.Key()));
        Assert.InRange(MarkCases.ChiSquare(bits.Count(bit => bit), bits.Length), 0, Rare);
        foreach (MarkKey other in (MarkKey[])[otherSecret, otherModel])
        {
            Assert.InRange(MarkCases.ChiSquare(bits.Zip(Bits(other)).Count(pair => pair.First == pair.Second), bits.Length), 0, Rare);
        }

        // An exact input's bit is not its cell's, and another input's is another.
        bool[] exact = Exact(key, new Hash128(1, 2));
        Assert.InRange(MarkCases.ChiSquare(bits.Zip(exact).Count(pair => pair.First == pair.Second), bits.Length), 0, Rare);
        Assert.InRange(MarkCases.ChiSquare(exact.Zip(Exact(key, new Hash128(1, 3))).Count(pair => pair.First == pair.Second), bits.Length), 0, Rare);

        bool[] Bits(MarkKey of) => Array.ConvertAll(ties, tie => NearTieMark.Pick(of.NearTies, tie) == tie.Higher);

        bool[] Exact(MarkKey of, Hash128 input) => Array.ConvertAll(ties, tie => NearTieMark.Pick(of.NearTies, tie with { Mass = 0 }, input) == tie.Higher);
    }

    [Fact]
    public void What_a_key_picks_is_pinned()
    {
        // A commitment binds a key for years: another bit in a later version would leave every copy made before without a mark.
        using MarkKey key = MarkKeys.Make(7);
        string[] picks =
        [
            Bits(i => NearTieMark.Pick(key.NearTies, new NearTie(i % 5, 5 + (i % 3), 3 + (i % 8))) >= 5),
            Bits(i => NearTieMark.Pick(key.NearTies, new NearTie(1, 2, 9), new Hash128((ulong)(i / 8), (ulong)(i % 8))) == 2),
            Bits(i => PermutationMark.Swaps(key.Permutations, i % 2, i % 7, 7 + (i % 4))),
            Bits(i => PermutationMark.Swaps(key.Permutations, i % 2, 3, 4, new Hash128((ulong)(i / 8), (ulong)(i % 8)))),
            string.Concat(Enumerable.Range(0, 32).Select(i => LabelTrigger.TryFind(key.Triggers, new Hash128((ulong)i, 5), 1, 10, 0, [3], out int label) ? label : -1)),
        ];
        string[] expected =
        [
            "110110101001000100100001100100111100100000000111",
            "101011111001101100100010100000101011110111110100",
            "000001010101101110011100000100000101010110111001",
            "100010000011010110010100110000110101100110010001",
            "97155765957561488581241565699271",
        ];
        Assert.Equal(expected, picks);

        static string Bits(Func<int, bool> bit) => string.Concat(Enumerable.Range(0, 48).Select(i => bit(i) ? '1' : '0'));
    }

    private static double[] Plain(OutputKind kind, float[] clean)
    {
        double largest = clean.Max();
        double[] weights = Array.ConvertAll(clean, score => kind == OutputKind.Logits ? Math.Exp(score - largest) : Math.Max(0, (double)score));
        double sum = DistributionCase.ExactSum(weights);
        return Array.ConvertAll(weights, weight => weight / sum);
    }
}
