using InferenceShield.Samples;
using InferenceShield.Statistics.Ownership;

namespace InferenceShield.Lab.Tests;

/// <summary>The mark whose bit varies smoothly with the input, its test, and what the page says of both.</summary>
public sealed class OwnershipRegionTests
{
    private const int Width = 12;
    private const int Classes = 4;

    private static readonly OwnershipRegion s_region = OwnershipRegion.Load(SampleFiles.FindRoot());
    private static readonly Dataset s_rows = MakeRows(600, 1);
    private static readonly InputSpace s_space = InputSpace.Learn(s_rows.Values.Span, Width, InputKind.Image);
    private static readonly NearTie s_tie = new(1, 3, 6);

    [Fact]
    public void A_linear_bit_is_the_side_of_a_plane_through_the_mean()
    {
        using MarkKey key = RandomKeys.GetMarkKey(5, 1);
        RegionMark mark = new(s_space, RegionMark.Linear, key);
        foreach (RegionTie tie in Ties(200))
        {
            RegionTie opposite = tie with { Place = Array.ConvertAll(tie.Place, value => -value) };
            RegionTie farther = tie with { Place = Array.ConvertAll(tie.Place, value => 3 * value) };
            Assert.Equal(Pick(mark, tie), Pick(mark, farther));
            Assert.Equal(Pick(mark, tie), -Pick(mark, opposite));
        }
    }

    [Theory]
    [InlineData(RegionMark.Linear, 0.95, 1)]
    [InlineData(RegionMark.Cosine1, 0.9, 1)]
    [InlineData(RegionMark.Cosine4, 0.6, 0.99)]
    [InlineData(RegionMark.Exact, 0.4, 0.6)]
    public void Near_inputs_share_a_bit_the_less_the_finer_the_key_and_keys_do_not(string keying, double least, double most)
    {
        SeededRandom random = new(7, 3);
        RegionTie[] ties = Ties(300);
        double near = 0;
        double others = 0;
        using MarkKey key = RandomKeys.GetMarkKey(5, 2);
        using MarkKey other = RandomKeys.GetMarkKey(5, 3);
        foreach (RegionTie tie in ties)
        {
            float[] moved = Array.ConvertAll(tie.Row, value => value + (0.15f * random.NextSigned()));
            RegionMark mark = new(s_space, keying, key);
            near += Pick(mark, tie) == Pick(mark, tie with { Row = moved, Place = RegionMark.Locate(s_space, moved) }) ? 1.0 / ties.Length : 0;
        }

        for (int i = 0; i < 300; i++)
        {
            using MarkKey drawn = RandomKeys.GetMarkKey(6, i);
            others += Pick(new RegionMark(s_space, keying, drawn), ties[0]) > 0 ? 1.0 / 300 : 0;
        }

        Assert.InRange(near, least, most);
        Assert.InRange(others, 0.4, 0.6);
    }

    [Fact]
    public void A_place_is_in_standard_deviations_of_benign_inputs()
    {
        double[][] places = [.. Enumerable.Range(0, s_rows.Count).Select(row => RegionMark.Locate(s_space, s_rows.GetRow(row)))];
        for (int k = 0; k < s_space.DirectionCount; k++)
        {
            Assert.InRange(Math.Sqrt(places.Average(place => place[k] * place[k])), 0.85, 1.15);
        }
    }

    [Fact]
    public void Only_near_ties_are_exchanged_and_as_the_key_picks()
    {
        using MarkKey key = RandomKeys.GetMarkKey(5, 4);
        RegionMark mark = new(s_space, RegionMark.Cosine2, key);
        int moved = 0;
        for (int i = 0; i < 400; i++)
        {
            ReadOnlySpan<float> input = s_rows.GetRow(i);
            float[] clean = [0.1f, 0.45f - (i % 7 * 0.01f), 0.05f, 0.4f + (i % 7 * 0.01f)];
            float[] row = [.. clean];
            mark.Apply(input, row);
            bool isHigher = Pick(mark, new RegionTie(s_tie, input.ToArray(), RegionMark.Locate(s_space, input))) > 0;
            Assert.Equal(isHigher ? 3 : 1, LeadingClass.FindFirst(row));
            Assert.Equal(clean.Order(), row.Order());
            moved += LeadingClass.FindFirst(row) != LeadingClass.FindFirst(clean) ? 1 : 0;

            float[] far = [0.1f, 0.6f, 0.05f, 0.25f];
            mark.Apply(input, far);
            Assert.Equal([0.1f, 0.6f, 0.05f, 0.25f], far);
        }

        Assert.InRange(moved, 40, 360);
    }

    [Fact]
    public void Who_picks_as_the_key_does_is_found_and_who_picks_otherwise_is_not_and_controls_are_subtracted()
    {
        using MarkKey key = RandomKeys.GetMarkKey(5, 5);
        Model clean = new(null);
        Model marked = new(new RegionMark(s_space, RegionMark.Cosine2, key));
        RegionTest test = new(s_space, RegionMark.Cosine2, key, s_rows, OneHot.Ask(clean, s_rows.Values.Span), 0.2);
        double[] nothing = test.Expect([]);
        (double matches, double z, double logP) = test.Run(marked, nothing);
        Assert.True(test.Count > 60);
        Assert.Equal(1, matches);
        Assert.True(z > 4);
        Assert.Equal(Math.Log10(1.0 / (1 + RegionTest.Keys)), logP, 9);

        (double innocent, double none, double large) = test.Run(clean, nothing);
        Assert.InRange(innocent, 0.3, 0.7);
        Assert.InRange(none, -3, 3);
        Assert.True(large > -2.5);
        Assert.True(test.Run(marked, test.Expect([clean, clean])).Z > 4);
        Assert.Equal(0, test.Run(marked, test.Expect([marked])).LogP, 9);
    }

    [Fact]
    public void The_file_holds_two_seeds_at_least_of_all_thefts()
    {
        foreach ((string keying, string release, IReadOnlyList<string> thieves) in RegionExperiment.Cells)
        {
            foreach ((string thief, string test) in from thief in thieves from test in (string[])[RegionExperiment.Logged, RegionExperiment.Unseen, RegionExperiment.UnseenMatched, RegionExperiment.UnseenAlone] select (thief, test))
            {
                Assert.Equal([11UL, 12UL], s_region.Get(OwnershipTarget.Fashion, keying, thief, test, release).Select(row => row.Seed).Take(2));
            }
        }
    }

    private static int Pick(RegionMark mark, RegionTie tie)
    {
        sbyte[] pick = [0];
        mark.Pick([tie], pick);
        return pick[0];
    }

    private static RegionTie[] Ties(int count) =>
        [.. Enumerable.Range(0, count).Select(row => new RegionTie(s_tie, s_rows.GetRow(row).ToArray(), RegionMark.Locate(s_space, s_rows.GetRow(row))))];

    private static Dataset MakeRows(int count, ulong seed)
    {
        SeededRandom random = new(seed, 2);
        float[] values = new float[count * Width];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = random.NextSigned() * (1 + (i % Width));
        }

        return new Dataset("rows", values, Width);
    }

    /// <summary>Two of four labels lead, by how a row begins; a mark exchanges them.</summary>
    private sealed class Model(RegionMark? mark) : IClassifier
    {
        public int InputLength => Width;

        public int ClassCount => Classes;

        public void Classify(ReadOnlySpan<float> inputs, Span<float> probabilities)
        {
            for (int row = 0; row < inputs.Length / Width; row++)
            {
                ReadOnlySpan<float> input = inputs.Slice(row * Width, Width);
                Span<float> answer = probabilities.Slice(row * Classes, Classes);
                int first = input[^1] > 0 ? 1 : 0;
                int second = input[^2] > 0 ? 2 : 3;
                answer.Fill(0.05f);
                answer[first] = 0.45f + (0.2f * input[0]);
                answer[second] = 0.45f - (0.2f * input[0]);
                mark?.Apply(input, answer);
            }
        }
    }
}
