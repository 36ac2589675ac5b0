namespace InferenceShield.Lab.Tests;

public sealed class HonestTrafficTests
{
    private const int Side = 8;
    private const int Classes = 4;
    private static readonly Dataset s_images = MakeRows(400, Side * Side, Classes);
    private static readonly HonestTrafficOptions s_short = new() { ImageSide = Side, FewestQueries = 20, MostQueries = 200 };

    [Fact]
    public void A_caller_is_the_same_whoever_was_drawn_before()
    {
        HonestTraffic traffic = new(s_images, seed: 5, s_short);
        _ = traffic.CreateCaller(1);
        Dataset again = new HonestTraffic(s_images, seed: 5, s_short).CreateCaller(7);
        Assert.Equal(traffic.CreateCaller(7).Values.ToArray(), again.Values.ToArray());
        Assert.NotEqual(traffic.CreateCaller(8).Values.ToArray(), again.Values.ToArray());
    }

    [Fact]
    public void Lives_are_log_uniform_and_changes_come_as_often_as_they_should()
    {
        HonestTraffic traffic = new(s_images, seed: 6, s_short);
        HonestCaller[] callers = [.. Enumerable.Range(0, 2_000).Select(traffic.Start)];
        Assert.All(callers, caller => Assert.InRange(caller.Length, 20, 200));
        Assert.Equal(0.5, callers.Count(caller => caller.Length < Math.Sqrt(20 * 200)) / 2_000.0, 0.05);
        int[] unchanged = [.. callers.Select(caller => Enumerable.Range(0, caller.Length).Count(caller.IsUnchanged))];
        Assert.Equal(0.6, callers.Zip(unchanged).Count(pair => pair.Second == pair.First.Length) / 2_000.0, 0.05);
        Assert.Equal(0.3, unchanged.Count(count => count == 0) / 2_000.0, 0.05);
    }

    [Fact]
    public void Callers_ask_mixes_of_classes_of_their_own_and_some_in_runs()
    {
        HonestTraffic traffic = new(s_images, seed: 7, s_short with { FewestQueries = 200 });
        int[][] labels = [.. Enumerable.Range(0, 300).Select(number =>
        {
            HonestCaller caller = traffic.Start(number);
            return Enumerable.Range(0, 200).Select(query => s_images.Labels.Span[caller.RowOf(query)]).ToArray();
        })];
        double[] largest = [.. labels.Select(life => life.GroupBy(label => label).Max(group => group.Count()) / 200.0)];
        Assert.True(largest.Max() > 0.9);
        Assert.True(largest.Min() < 0.35);

        // Of a mix a query has its predecessor's class with the sum of squared shares; in runs with .8 and more.
        double[] excess = [.. labels.Select(life =>
            (Enumerable.Range(1, 199).Count(i => life[i] == life[i - 1]) / 199.0) - life.GroupBy(label => label).Sum(group => Math.Pow(group.Count() / 200.0, 2)))];
        Assert.InRange(excess.Count(value => value > 0.2) / 300.0, 0.12, 0.3);
    }

    [Fact]
    public void Repeats_are_the_same_to_the_last_bit_and_other_rows_come_once_before_any_comes_again()
    {
        HonestTraffic traffic = new(s_images, seed: 8, s_short);
        int repeated = 0;
        for (int number = 0; number < 300; number++)
        {
            HonestCaller caller = traffic.Start(number);
            Dataset inputs = traffic.CreateCaller(number);
            int distinct = Enumerable.Range(0, caller.Length).Select(caller.RowOf).Distinct().Count();
            if (caller.Length >= 60 || distinct == caller.Length)
            {
                continue; // classes of 100 rows run out in longer lives
            }

            HashSet<string> bits = [.. Enumerable.Range(0, caller.Length).Select(query => string.Join(' ', inputs.GetRow(query).ToArray()))];
            Assert.InRange(bits.Count, 1, distinct + (caller.IsUnchanged(0) ? 0 : caller.Length));
            repeated += bits.Count == distinct ? 1 : 0;
        }

        Assert.True(repeated > 20);
    }

    [Fact]
    public void Images_stay_images_and_shifted_callers_differ_from_all_others()
    {
        HonestTraffic shifted = new(s_images, seed: 9, s_short with { IsShifted = true });
        bool mirrored = false;
        for (int number = 0; number < 40; number++)
        {
            HonestCaller caller = shifted.Start(number);
            Assert.False(caller.IsUnchanged(0));
            float[] input = new float[Side * Side];
            caller.Write(0, input);
            Assert.All(input, value => Assert.InRange(value, 0, 1));
            float[] row = s_images.GetRow(caller.RowOf(0)).ToArray();
            mirrored |= Enumerable.Range(0, Side * Side).All(i => input[i] == row[(i / Side * Side) + Side - 1 - (i % Side)]);
        }

        Assert.True(mirrored);
    }

    [Fact]
    public void Tables_are_changed_in_units_of_their_features()
    {
        Dataset table = MakeRows(300, 3, Classes);
        HonestTraffic traffic = new(table, seed: 10, new HonestTrafficOptions { FewestQueries = 50, MostQueries = 50 });
        float farthest = 0;
        for (int number = 0; number < 100; number++)
        {
            HonestCaller caller = traffic.Start(number);
            Dataset inputs = traffic.CreateCaller(number);
            for (int query = 0; query < caller.Length; query++)
            {
                float distance = Math.Abs(inputs.GetRow(query)[0] - table.GetRow(caller.RowOf(query))[0]);
                Assert.True(!caller.IsUnchanged(query) || distance == 0);
                farthest = Math.Max(farthest, distance);
            }
        }

        Assert.InRange(farthest, 0.05f, 0.5f); // features are uniform in 0 to 1: a deviation is .29
    }

    [Theory]
    [InlineData(1f, 2f)]
    [InlineData(-2f, -1f)]
    [InlineData(2f, -2f)]
    public void A_move_takes_every_pixel_along(float columns, float rows)
    {
        SeededRandom random = new(1, 1);
        float[] image = s_images.GetRow(3).ToArray();
        float[] moved = new float[image.Length];
        new InputChange(InputChangeKind.Move, columns, rows).Apply(image, moved, Side, [], [], ref random);
        for (int row = 0; row < Side; row++)
        {
            for (int column = 0; column < Side; column++)
            {
                int fromRow = row - (int)rows;
                int fromColumn = column - (int)columns;
                bool inside = fromRow is >= 0 and < Side && fromColumn is >= 0 and < Side;
                Assert.Equal(inside ? image[(fromRow * Side) + fromColumn] : 0, moved[(row * Side) + column]);
            }
        }
    }

    [Fact]
    public void A_blur_spreads_a_point_to_a_round_bell_of_the_same_sum()
    {
        const int Large = 15;
        SeededRandom random = new(1, 1);
        float[] point = new float[Large * Large];
        point[(7 * Large) + 7] = 1;
        float[] blurred = new float[point.Length];
        new InputChange(InputChangeKind.Blur, 1f).Apply(point, blurred, Large, [], [], ref random);
        Assert.Equal(1, blurred.Sum(), 1e-4);
        Assert.Equal(Math.Exp(-0.5), blurred[(7 * Large) + 8] / blurred[(7 * Large) + 7], 1e-4);
        Assert.Equal(Math.Exp(-2.5), blurred[(8 * Large) + 9] / blurred[(7 * Large) + 7], 1e-4);
    }

    [Fact]
    public void Rows_without_labels_and_sides_that_do_not_fit_are_refused()
    {
        Assert.Throws<ArgumentException>(() => new HonestTraffic(new Dataset("rows", new float[8], 4), 1));
        Assert.Throws<ArgumentException>(() => new HonestTraffic(s_images, 1, new HonestTrafficOptions { ImageSide = 9 }));
        Assert.Throws<ArgumentException>(() => new HonestTraffic(s_images, 1, new HonestTrafficOptions { FewestQueries = 10, MostQueries = 9 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new HonestTraffic(s_images, 1).CreateCaller(-1));
    }

    internal static Dataset MakeRows(int count, int width, int classes)
    {
        SeededRandom random = new(2, stream: 9);
        float[] values = new float[count * width];
        foreach (ref float value in values.AsSpan())
        {
            value = random.NextShare();
        }

        return new Dataset("rows", values, width, Enumerable.Range(0, count).Select(row => row % classes).ToArray(), classes);
    }
}
