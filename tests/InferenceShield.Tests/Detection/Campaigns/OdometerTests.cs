using FsCheck.Fluent;
using InferenceShield.Lab;

namespace InferenceShield.Tests;

public sealed class OdometerTests
{
    [Theory]
    [InlineData(2, 6, 6)]
    [InlineData(10, 6, 6)]
    [InlineData(32, 6, 6)]
    [InlineData(33, 6, 5)]
    [InlineData(1_000, 6, 1)]
    [InlineData(1_025, 6, 0)]
    [InlineData(2_048, 6, 0)]
    [InlineData(50_000, 6, 0)]
    [InlineData(1, 11, 11)]
    public void Bits_fit_the_labels(int classes, int wanted, int bits)
    {
        OdometerCells cells = OdometerCells.Learn(classes, Queries(1_000, classes, 1), wanted);

        Assert.Equal(bits, cells.Bits);
        Assert.InRange(cells.Mass.Length, 1, CellBitmap.MostCells);
        Assert.Equal(1, cells.Mass.Sum(mass => (double)mass), 1e-5);
        foreach (QuerySignals query in Queries(1_000, classes, 2))
        {
            Assert.InRange(cells.CellOf(query.Label, query.SimHash), 0, cells.Mass.Length - 1);
        }

        Assert.InRange(cells.CellOf(-1, ulong.MaxValue), 0, cells.Mass.Length - 1);
        Assert.InRange(cells.CellOf(int.MaxValue, ulong.MaxValue), 0, cells.Mass.Length - 1);
    }

    [Fact]
    public void A_cell_is_a_label_and_the_first_bits_of_the_hash()
    {
        OdometerCells cells = OdometerCells.Learn(10, Queries(1_000, 10, 1));

        Assert.Equal(640, cells.Mass.Length);
        Assert.Equal(640, Enumerable.Range(0, 10).SelectMany(label => Enumerable.Range(0, 64).Select(hash => cells.CellOf(label, (ulong)hash))).Distinct().Count());
        Assert.Equal(cells.CellOf(3, 0x2A), cells.CellOf(3, 0xFFFF_FFFF_FFFF_FFEA));
        Assert.Equal(cells.CellOf(0, 0x2A), cells.CellOf(10, 0x2A));
        Assert.Equal(cells.CellOf(0, 0x2A), cells.CellOf(-1, 0x2A));
    }

    [Fact]
    public void Labels_beyond_the_cells_share_them_evenly()
    {
        OdometerCells cells = OdometerCells.Learn(50_000, Queries(10, 50_000, 1));

        int[] labels = new int[CellBitmap.MostCells];
        for (int label = 0; label < 50_000; label++)
        {
            labels[cells.CellOf(label, 0)]++;
        }

        Assert.All(labels, count => Assert.InRange(count, 15, 35));
    }

    [Fact]
    public void Masses_are_shares_of_benign_queries()
    {
        QuerySignals[] benign = [new() { Label = 0, SimHash = 1 }, new() { Label = 0, SimHash = 65 }, new() { Label = 1, SimHash = 1 }, new() { Label = 1, SimHash = 2 }];
        OdometerCells cells = OdometerCells.Learn(2, benign);

        CellBitmap visited = default;
        Assert.True(visited.Set(cells.CellOf(0, 1)));
        Assert.False(visited.Set(cells.CellOf(0, 1 + 64)));
        Assert.True(visited.Set(cells.CellOf(1, 7)));
        Assert.Equal(.5, cells.MassOf(in visited));
        Assert.Equal(2, visited.Count);
    }

    /// <summary>A set of cells is the oracle.</summary>
    [Fact]
    public void Bitmaps_of_sybils_make_the_bitmap_of_one_caller() => Properties.Hold(
        Properties.Sequences(Gen.Choose(0, (CellBitmap.MostCells * 7) - 1), 400),
        visits =>
        {
            CellBitmap[] sybils = new CellBitmap[7];
            CellBitmap one = default;
            HashSet<int> expected = [];
            foreach (int visit in visits)
            {
                (int cell, int sybil) = (visit / 7, visit % 7);
                Assert.Equal(expected.Add(cell), one.Set(cell));
                sybils[sybil].Set(cell);
            }

            CellBitmap together = default;
            foreach (CellBitmap sybil in sybils)
            {
                together.Or(in sybil);
            }

            Assert.True(((ReadOnlySpan<ulong>)together).SequenceEqual(one));
            Assert.Equal(expected.Count, one.Count);
            Assert.All(Enumerable.Range(0, CellBitmap.MostCells), cell => Assert.Equal(expected.Contains(cell), one.Contains(cell)));
        });

    [Fact]
    public void Nothing_to_learn_of_is_said_so() =>
        Assert.Contains("benign", Assert.Throws<ArgumentException>(() => OdometerCells.Learn(10, [])).Message, StringComparison.Ordinal);

    internal static QuerySignals[] Queries(int count, int classes, ulong seed)
    {
        SeededRandom random = new(seed, 12);
        QuerySignals[] queries = new QuerySignals[count];
        for (int i = 0; i < count; i++)
        {
            queries[i] = new QuerySignals { Label = random.NextInt32(classes), SimHash = random.NextUInt64(), Exact = random.NextUInt64() };
        }

        return queries;
    }
}
