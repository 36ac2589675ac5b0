namespace InferenceShield.Lab.Tests;

public sealed class CellPowerTests
{
    // As 138 marked queries in 38 cells were.
    private static readonly int[] s_uneven = [.. Enumerable.Range(0, 38).Select(static i => (int)Math.Ceiling(24 / (1.7 + (0.7 * i))))];

    [Fact]
    public void More_answers_in_the_same_cells_do_not_raise_what_is_needed()
    {
        int[] cells = [.. Enumerable.Repeat(3, 45)];
        int needed = CellPower.Needed(cells, 0.7, 1e-4);
        Assert.InRange(needed, 45, 1000);
        Assert.InRange(CellPower.Needed([.. cells.Select(static size => 100 * size)], 0.7, 1e-4), needed / 1.25, needed * 1.25);
        Assert.True(CellPower.Needed([.. cells, .. cells], 0.7, 1e-4) < 2 * needed); // twice the bits, each less sure
        Assert.Equal("", CellPower.Shortage(cells, 0.7, 1e-4));
    }

    [Fact]
    public void Cells_that_are_too_few_or_uneven_are_said_to_be()
    {
        int[] few = [.. Enumerable.Repeat(1000, 10)];
        Assert.Equal(CellPower.Never, CellPower.Needed(few, 0.99, 1e-4));
        Assert.Equal("The cells at hand cannot give less than p = 9.8e-4: use queries of more label pairs, or ExactInput.", CellPower.Shortage(few, 0.99, 1e-4));
        int[] enough = [.. Enumerable.Repeat(20, 14)];
        Assert.Equal(CellPower.Never, CellPower.Needed(enough, 0.505, 1e-4)); // sure cells would do, and these are not
        Assert.StartsWith("More queries in the 14 cells at hand do not give p = 1.0e-4 with a power of 90 % on a copy that repeats 51 %", CellPower.Shortage(enough, 0.505, 1e-4), StringComparison.Ordinal);
    }

    [Fact]
    public void The_share_of_copies_that_reach_p_is_the_power_that_was_planned_and_independent_models_do_not()
    {
        foreach ((int[] sizes, double match, double pValue) in ((int[], double, double)[])[(s_uneven, 0.95, 1e-6), (s_uneven, 0.7, 1e-4), ([1000, .. Enumerable.Repeat(20, 44)], 0.8, 1e-4), ([.. Enumerable.Repeat(3, 45)], 0.95, 1e-6)])
        {
            int needed = CellPower.Needed(sizes, match, pValue);
            Assert.True(needed < CellPower.Never, $"{sizes.Length} cells, {match}");
            int reached = 0;
            int accused = 0;
            for (int draw = 0; draw < 500; draw++)
            {
                reached += Draw(sizes, needed, match, (ulong)draw) <= pValue ? 1 : 0;
                accused += Draw(sizes, needed, 0.5, (ulong)draw) <= 0.01 ? 1 : 0;
            }

            Assert.True(reached / 500.0 is > 0.84 and < 0.96, $"{sizes.Length} cells, {match}: {needed} needed, {reached}");
            Assert.InRange(accused, 0, 14);
        }

        Assert.InRange(CellPower.Needed(s_uneven, 0.95, 1e-6), 20, s_uneven.Sum()); // these queries themselves suffice
    }

    [Fact]
    public async Task A_copy_that_reaches_p_is_not_told_that_its_cells_do_not_suffice()
    {
        MarkedModel target = MarkedModel.Clean(seed: 1);
        using MarkKey key = MarkedModel.Key(1);
        NearTieMarkOptions mark = new() { Margin = 0.2, Keying = MarkKeying.Cell };
        VerificationRequest request = new()
        {
            Target = target,
            Key = key,
            Marks = new WatermarkOptions { NearTie = mark },
            Queries = target.Rows(3, 5000),
            RandomKeys = 300,
            ExpectedMatch = 0.501,
        };
        foreach ((Suspect suspect, bool isShort) in ((Suspect, bool)[])[(Suspect.Of("copy", target.Copy(key, 0.95)), false), (Suspect.Of("honest", target), true)])
        {
            OwnershipTestResult test = Assert.Single((await OwnershipVerifier.VerifyAsync(request, suspect)).Tests);
            Assert.Equal(isShort, test.PValue > 1e-4);
            Assert.Equal(isShort, test.Note.Contains("More queries", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task A_short_cell_key_is_told_in_plan_and_report_and_an_honest_model_is_let_go_where_cells_suffice()
    {
        MarkedModel target = MarkedModel.Clean(seed: 1, classes: 3);
        using MarkKey key = MarkedModel.Key(1);
        VerificationRequest request = new()
        {
            Target = target,
            Key = key,
            Marks = new WatermarkOptions { NearTie = new NearTieMarkOptions { Margin = 0.02, Keying = MarkKeying.Cell } },
            Queries = target.Rows(3, 2000),
            RandomKeys = 300,
            WantedPValue = 1e-20,
        };
        string plan = VerificationWriter.ToText(OwnershipVerifier.Plan(request));
        Assert.Contains("no number of queries like these suffices", plan, StringComparison.Ordinal);
        Assert.Contains("use queries of more label pairs, or ExactInput", plan, StringComparison.Ordinal);

        MarkedModel many = MarkedModel.Clean(seed: 1);
        request = request with { Target = many, Queries = many.Rows(3, 5000), Marks = new WatermarkOptions { NearTie = new NearTieMarkOptions { Margin = 0.2, Keying = MarkKeying.Cell } } };
        VerificationReport honest = await OwnershipVerifier.VerifyAsync(request, Suspect.Of("honest", many));
        Assert.True(honest.Verdict == OwnershipVerdict.NoEvidence, honest.Words); // at the verdict's own level, whatever a plan wants
    }

    /// <summary>The p-value of a suspect under a key that is drawn, as is the cell of each answer.</summary>
    private static double Draw(int[] sizes, int answers, double match, ulong stream)
    {
        SeededRandom random = new(seed: 77, stream);
        int[] rows = [.. sizes.SelectMany(static (size, cell) => Enumerable.Repeat(cell, size))];
        random.Shuffle(rows);
        bool[] bits = [.. sizes.Select(_ => false)];
        for (int cell = 0; cell < bits.Length; cell++)
        {
            bits[cell] = random.NextInt32(2) == 1;
        }

        int[] first = new int[sizes.Length];
        int[] second = new int[sizes.Length];
        for (int i = 0; i < answers; i++)
        {
            int cell = rows[i < rows.Length ? i : random.NextInt32(rows.Length)];
            bool repeats = random.NextInt32(10_000) < 10_000 * match;
            (repeats == bits[cell] ? first : second)[cell]++;
        }

        return new SignSample(first, second).Test(bits).PValue;
    }
}
