using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using InferenceShield.Numerics;

namespace InferenceShield.Tests.Telemetry;

public sealed class UtilityLedgerTests
{
    private static readonly UtilityOptions s_every = new() { Thresholds = [0.25, 0.5, 0.75, 0.9], SampleOneIn = 1 };

    [Fact]
    public void Sums_are_those_of_the_rows()
    {
        UtilityLedger ledger = new(s_every, stripes: 4);
        (double[] Clean, float[] Released)[] rows = [.. Enumerable.Range(0, 500).Select(Row)];
        for (int i = 0; i < rows.Length; i++)
        {
            Assert.Equal(i % 50 != 0, Count(ledger, Posture.Guarded, rows[i].Clean, rows[i].Released, processor: i));
        }

        UtilityStatistics read = ledger.Read(Posture.Guarded);
        double[] distances = [.. rows.Select(row => row.Clean.Zip(row.Released, (c, r) => Math.Abs(c - r)).Sum())];
        Assert.Equal(rows.Length, read.Rows);
        Assert.Equal(rows.Length, read.Sampled);
        Assert.Equal(10, read.TopChanged);
        Assert.Equal(distances.Average(), read.MeanDistance, 5e-7);
        Assert.Equal(distances.Max(), read.MaxDistance, 5e-7);
        Assert.Equal(s_every.Thresholds, read.Crossings.Select(crossings => crossings.Threshold));
        Assert.All(read.Crossings, crossings => Assert.Equal(
            rows.Count(row => (float)row.Clean[0] >= (float)crossings.Threshold != row.Released[0] >= (float)crossings.Threshold), crossings.Count));
        Assert.All(read.Crossings, crossings => Assert.InRange(crossings.Count, 1, rows.Length - 1));
        Assert.Equal(rows.Average(row => -row.Clean.Sum(value => value * Math.Log2(value))), read.CleanEntropyBits, 1e-6);
        Assert.Equal(rows.Average(row => -row.Released.Sum(value => value == 0 ? 0 : value * Math.Log2(value))), read.ReleasedEntropyBits, 1e-6);
        Assert.Equal(
            rows.Average(row => row.Clean.Zip(row.Released, (c, r) => c * Math.Log2(c / Math.Max(r, 1e-6))).Sum()), read.DivergenceBits, 1e-6);

        Assert.Equal(0, ledger.Read(Posture.Normal).Rows);
        Assert.Equal(0, ledger.Read(Posture.Restricted).MeanDistance);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(16)]
    [InlineData(1000)]
    public void One_row_in_so_many_is_sampled_whatever_it_holds(int oneIn)
    {
        UtilityLedger ledger = new(new UtilityOptions { SampleOneIn = oneIn }, stripes: 1);
        UtilityLedger other = new(new UtilityOptions { SampleOneIn = oneIn }, stripes: 1);
        (double[] clean, float[] released) = Row(1);
        (double[] otherClean, float[] otherReleased) = Row(2);
        const int Rows = 100_000;
        for (int i = 0; i < Rows; i++)
        {
            Count(ledger, Posture.Normal, clean, released);
            Count(other, Posture.Normal, otherClean, otherReleased);
        }

        Assert.Equal(Rows / (double)oneIn, ledger.Read(Posture.Normal).Sampled, 3.0);
        Assert.Equal(ledger.Read(Posture.Normal).Sampled, other.Read(Posture.Normal).Sampled);
    }

    [Fact]
    public void Sampling_does_not_keep_step_with_a_callers_period()
    {
        // Rows of two kinds in turn: of every period up to 32, each kind gets its share of the sample.
        (double[] clean, float[] released) = Row(1);
        float[] same = Array.ConvertAll(clean, value => (float)value);
        for (int period = 2; period <= 32; period++)
        {
            UtilityLedger ledger = new(new UtilityOptions { SampleOneIn = 16 }, stripes: 1);
            UtilityLedger whole = new(s_every, stripes: 1);
            for (int i = 0; i < 64_000; i++)
            {
                Count(ledger, Posture.Normal, clean, i % period == 0 ? released : same);
            }

            Count(whole, Posture.Normal, clean, released);
            double expected = whole.Read(Posture.Normal).DivergenceBits / period;
            Assert.InRange(ledger.Read(Posture.Normal).DivergenceBits, expected * 0.8, expected * 1.25);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void Threads_lose_nothing_and_snapshots_hold_no_half_row(int stripes)
    {
        const int Threads = 4;
        const int RowsEach = 100_000;
        UtilityLedger ledger = new(new UtilityOptions { SampleOneIn = 1, Thresholds = [0.5] }, stripes);
        double[] clean = [0.75, 0.25];
        float[] released = [0.25f, 0.75f]; // distance 1, level with nothing, crosses .5
        bool done = false;
        int finished = 0;
        Together.Run(Threads + 1, number =>
        {
            if (number == Threads)
            {
                while (!Volatile.Read(ref done))
                {
                    Check(ledger.Read(Posture.Restricted));
                }

                return;
            }

            for (int i = 0; i < RowsEach; i++)
            {
                // As a shield does, and measured whatever the number: threads may share numbers.
                ref UtilityCell cell = ref ledger.CellOf(Posture.Restricted, number);
                Interlocked.Increment(ref cell.Rows);
                ledger.CountLeader(ref cell, 0.75f, 0.25f, leads: false);
                UtilityLedger.Measure(ref cell, clean, released, 0);
            }

            if (Interlocked.Increment(ref finished) == Threads)
            {
                Volatile.Write(ref done, true);
            }
        });
        UtilityStatistics read = ledger.Read(Posture.Restricted);
        Check(read);
        Assert.Equal((Threads * RowsEach, Threads * RowsEach), (read.Rows, read.TopChanged));
        Assert.Equal((Threads * RowsEach, Threads * RowsEach), (read.Sampled, read.Crossings[0].Count));

        static void Check(UtilityStatistics read)
        {
            Assert.InRange(read.TopChanged, 0, read.Rows);
            Assert.InRange(read.Crossings[0].Count, 0, read.Rows);
            Assert.InRange(read.Sampled, 0, read.Rows);
            Assert.Equal(read.Sampled == 0 ? 0 : 1, read.MeanDistance);
        }
    }

    [Fact]
    public void Labels_give_calibration_and_separation_with_their_error()
    {
        UtilityLedger ledger = new(new UtilityOptions());
        Random random = new(3);
        (double Confidence, bool IsRight)[] answers = [.. Enumerable.Range(0, 5000).Select(_ =>
        {
            double confidence = 1 - (0.6 * Math.Pow(random.NextDouble(), 4));
            return (confidence, random.NextDouble() < (confidence * confidence));
        })];
        foreach ((double confidence, bool isRight) in answers)
        {
            ledger.Report(Posture.Normal, Math.Round(confidence, 2), confidence, isRight);
        }

        (CalibrationSnapshot clean, CalibrationSnapshot released) = (ledger.Read(Posture.Normal).Clean, ledger.Read(Posture.Normal).Released);
        Assert.Equal(answers.Length, clean.Count);
        Assert.Equal(answers.Average(answer => answer.IsRight ? 1.0 : 0), clean.Accuracy, 1e-12);
        Assert.Equal(answers.Average(answer => Math.Pow(answer.Confidence - (answer.IsRight ? 1 : 0), 2)), clean.Brier, 1e-12);
        Assert.Equal(
            answers.GroupBy(answer => Math.Min(14, (int)(answer.Confidence * 15)))
                .Sum(bin => Math.Abs(bin.Sum(answer => (answer.IsRight ? 1 : 0) - answer.Confidence))) / answers.Length,
            clean.CalibrationError,
            1e-12);
        double exact = Area([.. answers.Where(answer => answer.IsRight).Select(answer => answer.Confidence)], [.. answers.Where(answer => !answer.IsRight).Select(answer => answer.Confidence)]);
        Assert.InRange(exact, clean.Separation - clean.SeparationError, clean.Separation + clean.SeparationError);
        Assert.InRange(clean.SeparationError, 0, 0.05);
        exact = Area([.. answers.Where(answer => answer.IsRight).Select(answer => Math.Round(answer.Confidence, 2))], [.. answers.Where(answer => !answer.IsRight).Select(answer => Math.Round(answer.Confidence, 2))]);
        Assert.InRange(exact, released.Separation - released.SeparationError, released.Separation + released.SeparationError);
        Assert.Equal(0, ledger.Read(Posture.Guarded).Released.Count);
    }

    [Fact]
    public void Counting_allocates_nothing()
    {
        UtilityLedger ledger = new(s_every);
        (double[] clean, float[] released) = Row(5);
        Assert.Equal(0, Together.Allocated(() =>
        {
            for (int i = 0; i < 100; i++)
            {
                Count(ledger, Posture.Normal, clean, released);
                ledger.Report(Posture.Normal, 0.5, 0.6, true);
            }
        }));
    }

    [Fact]
    public void Nothing_else_shares_a_cache_line_with_a_cell()
    {
        Assert.Equal(UtilityCell.SizeInBytes, Unsafe.SizeOf<UtilityCell>());
        FieldInfo[] fields = typeof(UtilityCell).GetFields(BindingFlags.Instance | BindingFlags.Public);
        long[] offsets = [.. fields.Select(field => (long)Marshal.OffsetOf<UtilityCell>(field.Name)).Order()];
        Assert.Equal(offsets, Enumerable.Range(0, fields.Length).Select(i => 64L + (8 * i)));
        Assert.InRange(offsets[^1], 64, UtilityCell.SizeInBytes - 64 - Unsafe.SizeOf<MarkedRowCounts>());
    }

    [Fact]
    public void Marked_rows_are_counted_once_and_under_each_of_their_marks()
    {
        MarkKinds[] rows =
        [
            .. Enumerable.Range(0, 8).Select(bit => (MarkKinds)(1 << bit)),
            MarkKinds.Cosine | MarkKinds.NearTie, MarkKinds.Cosine | MarkKinds.NearTie, MarkKinds.Cosine | MarkKinds.Permutation, MarkKinds.Cosine | MarkKinds.Trigger, MarkKinds.Cosine | MarkKinds.Trap,
        ];
        UtilityLedger ledger = new(s_every, stripes: 2);
        for (int i = 0; i < rows.Length; i++)
        {
            UtilityLedger.CountMarks(ref ledger.CellOf(Posture.Guarded, i), new MarkedRow { Kinds = rows[i] });
            UtilityLedger.CountMarks(ref ledger.CellOf(Posture.Guarded, i), default);
        }

        UtilityStatistics read = ledger.Read(Posture.Guarded);
        Assert.Equal(rows.Length, read.Marked);
        Assert.Equal(8, read.MarkedByKind.Count);
        Assert.All(read.MarkedByKind, found => Assert.Equal(rows.Count(row => row.HasFlag(found.Key)), found.Value));
        Assert.Empty(ledger.Read(Posture.Normal).MarkedByKind);
    }

    [Fact]
    public void Options_that_cannot_be_are_refused()
    {
        foreach (UtilityOptions options in (UtilityOptions[])
        [
            new() { Thresholds = [0.1, 0.2, 0.3, 0.4, 0.5] },
            new() { Thresholds = [0] },
            new() { Thresholds = [1.5] },
            new() { Thresholds = [double.NaN] },
            new() { Thresholds = [0.5, 0.5] },
            new() { Thresholds = [0.9, 0.5] },
            new() { SampleOneIn = 0 },
            new() { SampleOneIn = UtilityOptions.MaximumSampleOneIn + 1 },
        ])
        {
            Assert.Single(options.FindFaults());
            Assert.Throws<ArgumentException>(() => new UtilityLedger(options));
        }

        Assert.Empty(new UtilityOptions().FindFaults());
        Assert.Empty(new UtilityLedger(new UtilityOptions { Thresholds = [] }).Read(Posture.Normal).Crossings);
    }

    /// <summary>As a shield counts a row whose leader is the first class.</summary>
    private static bool Count(UtilityLedger ledger, Posture posture, double[] clean, float[] released, int processor = 0)
    {
        ref UtilityCell cell = ref ledger.CellOf(posture, processor);
        Interlocked.Increment(ref cell.Rows);
        bool leads = ReleaseComparison.Compare(clean, released, 0, out _);
        bool isSampled = ledger.IsNextSampled(ref cell);
        ledger.CountLeader(ref cell, (float)clean[0], released[0], leads);
        if (isSampled)
        {
            UtilityLedger.Measure(ref cell, clean, released, 0);
        }

        return leads;
    }

    private static double Area(double[] right, double[] wrong) =>
        right.Sum(r => wrong.Sum(w => r > w ? 1 : r == w ? 0.5 : 0)) / right.Length / wrong.Length;

    /// <summary>Ten classes, led by the first; every fiftieth is released with another one level.</summary>
    private static (double[] Clean, float[] Released) Row(int number)
    {
        Random random = new(number);
        double[] clean = [.. Enumerable.Range(0, 10).Select(_ => 0.02 + (0.1 * random.NextDouble()))];
        clean[0] = clean.Max() + (8 * random.NextDouble() * random.NextDouble());
        double sum = clean.Sum();
        clean = Array.ConvertAll(clean, value => value / sum);
        float[] released = Array.ConvertAll(clean, value => (float)Math.Round(value, 1));
        released[0] = Math.Max(released[0], released.Max() + 0.1f);
        released[1] = number % 50 == 0 ? released[0] : released[1];
        return (clean, released);
    }
}
