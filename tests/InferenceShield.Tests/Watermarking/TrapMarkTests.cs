using InferenceShield.Numerics;

namespace InferenceShield.Tests;

public sealed class TrapMarkTests
{
    private const int Length = 60;
    private static readonly InputSpace s_space = InputRows.Space();

    [Fact]
    public void Benign_rows_lie_in_no_trap_and_rows_far_away_in_one()
    {
        float[] rows = InputRows.Normal(5_000, InputRows.Falling(Length), 9);
        using MarkKey key = InputRows.Key(1);
        TrapMark traps = new(key, s_space);
        int trapped = 0;
        int found = 0;
        for (int row = 0; row < 5_000; row++)
        {
            Span<float> one = rows.AsSpan(row * Length, Length);
            trapped += traps.Find(one) == 0 ? 0 : 1;
            one[59] += 5; // 5 where benign rows vary by a millionth
            found += traps.Find(one) == 0 ? 0 : 1;
        }

        Assert.InRange(trapped, 0, 5);
        Assert.Equal(5_000, found);
    }

    [Fact]
    public void Rows_far_along_a_principal_direction_are_trapped_and_stay_on_their_side()
    {
        float[] rows = InputRows.Normal(500, InputRows.Falling(Length), 10);
        using MarkKey key = InputRows.Key(1);
        TrapMark traps = new(key, s_space);
        int found = 0;
        int same = 0;
        for (int row = 0; row < 500; row++)
        {
            float[] one = rows.AsSpan(row * Length, Length).ToArray();
            one[0] += 30; // the first direction, along which benign rows vary by 1
            found += traps.Find(one) == 0 ? 0 : 1;
            one[59] += 5;
            int trap = traps.Find(one);
            one[0] -= 60;
            same += traps.Find(one) == trap ? 1 : 0;
        }

        Assert.Equal(500, found);
        Assert.InRange(same, 475, 500);
    }

    [Fact]
    public void Near_repeats_of_a_trapped_row_are_in_the_same_trap_and_rows_all_over_in_all()
    {
        using MarkKey key = InputRows.Key(1);
        TrapMark traps = new(key, s_space);
        float[] rows = InputRows.Normal(2_000, [.. Enumerable.Repeat(3.0, Length)], 7);
        float[] noise = InputRows.Normal(2_000, [.. Enumerable.Repeat(0.03, Length)], 8);
        int[] counts = new int[TrapMark.Count + 1];
        int same = 0;
        float[] near = new float[Length];
        for (int row = 0; row < 2_000; row++)
        {
            ReadOnlySpan<float> one = rows.AsSpan(row * Length, Length);
            for (int i = 0; i < Length; i++)
            {
                near[i] = one[i] + noise[(row * Length) + i] - i;
            }

            int trap = traps.Find(one);
            counts[trap]++;
            same += traps.Find(near) == trap ? 1 : 0;
        }

        Assert.Equal(0, counts[0]);
        Assert.All(counts[1..], count => Assert.InRange(count, 20, 400));
        Assert.InRange(same, 1_900, 2_000);
    }

    [Fact]
    public void Labels_are_the_keys_and_leave_out_exempt_classes()
    {
        using MarkKey key = InputRows.Key(1);
        using MarkKey other = InputRows.Key(2);
        int[] labels = [.. Enumerable.Range(0, TrapMark.Count).Select(trap => TrapMark.Label(key.Traps, trap, 10, []))];
        Assert.Equal(labels, Enumerable.Range(0, TrapMark.Count).Select(trap => TrapMark.Label(key.Traps, trap, 10, [])));
        Assert.NotEqual(labels, Enumerable.Range(0, TrapMark.Count).Select(trap => TrapMark.Label(other.Traps, trap, 10, [])));
        int[] exempt = [0, 3, 9, 42];
        int[] counts = new int[10];
        for (int trap = 0; trap < 7_000; trap++)
        {
            counts[TrapMark.Label(key.Traps, trap, 10, exempt)]++;
        }

        Assert.All(counts.Index(), pair => Assert.InRange(pair.Item, exempt.Contains(pair.Index) ? 0 : 850, exempt.Contains(pair.Index) ? 0 : 1_150));
        Assert.Equal(-1, TrapMark.Label(key.Traps, 0, 2, [0, 1]));
        Assert.Equal(1, TrapMark.Label(key.Traps, 0, 2, [0]));
    }
}
