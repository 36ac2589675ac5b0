namespace InferenceShield.Lab.Tests;

public sealed class CellPowerTests
{
    [Fact]
    public void More_answers_in_the_same_cells_do_not_raise_what_is_needed()
    {
        int[] cells = [.. Enumerable.Repeat(3, 45)];
        int needed = CellPower.Needed(cells, 0.7, 1e-4);
        Assert.InRange(needed, 45, 1000);
        Assert.Equal(needed, CellPower.Needed([.. cells.Select(static size => 100 * size)], 0.7, 1e-4));
        Assert.True(CellPower.Needed([.. cells, .. cells], 0.7, 1e-4) < 2 * needed); // twice the bits, each less sure
        Assert.Equal("", CellPower.Shortage(cells, 0.7, 1e-4));
    }

    [Fact]
    public void Cells_that_are_too_few_or_uneven_are_said_to_be()
    {
        int[] few = [.. Enumerable.Repeat(1000, 10)];
        Assert.Equal(CellPower.Never, CellPower.Needed(few, 0.99, 1e-4));
        Assert.Equal("The cells at hand cannot give less than p = 9.8e-4: use queries of more label pairs, or ExactInput.", CellPower.Shortage(few, 0.99, 1e-4));
        int[] uneven = [1000, .. Enumerable.Repeat(1, 44)];
        Assert.Contains("weigh as much as 1 equal ones", CellPower.Shortage(uneven, 0.99, 1e-4), StringComparison.Ordinal);
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
}
