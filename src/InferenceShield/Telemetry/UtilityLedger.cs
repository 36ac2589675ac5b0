using System.Diagnostics;
using System.Numerics;
using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>How far the released answers of one output are from the clean ones, a set of counters for each posture.</summary>
/// <remarks>
/// <para>Thread-safe and wait-free, allocates nothing. All rows of a call are counted by one atomic addition, in a cell of the
/// processor's own; a row that loses its leader or crosses a threshold costs another. Of answers that could be made without the clean
/// probability of their leader, crossings are found where a row is measured anyway. Distance, divergence and entropies need the clean
/// distribution and two passes over it: they are measured of one row in so many.</para>
/// <para>Which rows are sampled follows from their number in the cell alone, spread by a multiplication so that no period of
/// a caller's queries falls in step with it.</para>
/// </remarks>
internal sealed class UtilityLedger
{
    /// <summary>What sums are kept in: 2^-20. A sum of rows at the greatest distance overflows after 4e12 of them.</summary>
    public const double Unit = 1.0 / (1 << 20);

    private const int Postures = (int)Posture.Blocked + 1;
    private const int MostReadings = 1_000;

    private readonly UtilityCell[] _cells;
    private readonly int _mask;
    private readonly float[] _thresholds;
    private readonly double[] _shownThresholds;
    private readonly ulong _sampleBelow;
    private readonly CalibrationLedger[] _labels = [new(), new(), new(), new()];

    /// <summary>Makes one, with cells for <paramref name="stripes"/> processors (0 for those there are).</summary>
    public UtilityLedger(UtilityOptions options, int stripes = 0)
    {
        if (options.FindFaults().FirstOrDefault() is { } fault)
        {
            throw new ArgumentException(fault, nameof(options));
        }

        stripes = stripes > 0 ? stripes : Math.Min(Environment.ProcessorCount, StripedCounter.MostStripes);
        stripes = (int)BitOperations.RoundUpToPowerOf2((uint)stripes);
        _mask = stripes - 1;
        _cells = new UtilityCell[stripes * Postures];
        _shownThresholds = [.. options.Watched];
        _thresholds = Array.ConvertAll(_shownThresholds, threshold => (float)threshold);
        _sampleBelow = (1UL << 32) / (uint)options.SampleOneIn;
    }

    /// <summary>The cell in which this thread counts.</summary>
    public ref UtilityCell CellOf(Posture posture) => ref CellOf(posture, Thread.GetCurrentProcessorId());

    /// <summary>The cell in which a thread on the given processor counts.</summary>
    public ref UtilityCell CellOf(Posture posture, int processor) => ref _cells[((processor & _mask) * Postures) + (int)posture];

    /// <summary>Whether the next row is to be measured. Follows from its number alone.</summary>
    public bool IsNextSampled(ref UtilityCell cell)
    {
        // Fibonacci hashing of the row's number: as evenly spread as every sixteenth, without its period.
        long row = cell.Tickets++; // the first one is: where anything was released, something was measured
        return (uint)((ulong)row * 0x9E3779B97F4A7C15 >> 32) < _sampleBelow;
    }

    /// <summary>Rows released in all postures, and those that would have been.</summary>
    public (long Released, long Observed) CountRows()
    {
        (long released, long observed) = (0, 0);
        for (int i = 0; i < _cells.Length; i++)
        {
            released += Volatile.Read(ref _cells[i].Rows);
            observed += Volatile.Read(ref _cells[i].ObservedRows);
        }

        return (released, observed);
    }

    /// <summary>Counts what became of one row's leading class.</summary>
    /// <param name="cell">Where.</param>
    /// <param name="before">Its clean probability; NaN if nobody asked for it: then it crosses nothing.</param>
    /// <param name="after">The released one.</param>
    /// <param name="leads">Whether it strictly leads the released answer.</param>
    public void CountLeader(ref UtilityCell cell, float before, float after, bool leads)
    {
        if (!leads)
        {
            Interlocked.Increment(ref cell.TopChanged);
        }

        for (int i = float.IsNaN(before) ? _thresholds.Length : 0; i < _thresholds.Length; i++)
        {
            if (before >= _thresholds[i] != after >= _thresholds[i])
            {
                Cross(ref cell, i);
            }
        }
    }

    /// <summary>As <see cref="CountLeader"/>, with the same atomic additions whatever there is to count: none of them to tell the answer's posture by.</summary>
    public void CountLeaderEvenly(ref UtilityCell cell, float before, float after, bool leads)
    {
        Interlocked.Add(ref cell.TopChanged, leads ? 0 : 1);
        for (int i = 0; i < _thresholds.Length; i++)
        {
            // Signs, not a comparison that branches: where a label's confidence is released as 1, which rows cross hangs on the row alone.
            int sides = BitConverter.SingleToInt32Bits(before - _thresholds[i]) ^ BitConverter.SingleToInt32Bits(after - _thresholds[i]);
            long crosses = float.IsNaN(before) ? 0 : sides >>> 31;
            switch (i)
            {
                case 0:
                    Interlocked.Add(ref cell.Crossings0, crosses);
                    break;
                case 1:
                    Interlocked.Add(ref cell.Crossings1, crosses);
                    break;
                case 2:
                    Interlocked.Add(ref cell.Crossings2, crosses);
                    break;
                default:
                    Interlocked.Add(ref cell.Crossings3, crosses);
                    break;
            }
        }
    }

    /// <summary>Counts what marks did to one row, with the same atomic additions whatever they did.</summary>
    public static void CountMarks(ref UtilityCell cell, in MarkedRow marked)
    {
        Interlocked.Add(ref cell.Marked[MarkedRowCounts.PlaceOf(marked.Kinds)], marked.Kinds == MarkKinds.None ? 0 : 1);
        Interlocked.Add(ref cell.LabelsMoved, marked.IsMoved ? 1 : 0);
    }

    /// <summary>Measures one row.</summary>
    /// <param name="cell">Where.</param>
    /// <param name="clean">A distribution, before anything was done to it.</param>
    /// <param name="released">As long.</param>
    /// <param name="top">The clean leading class.</param>
    public static void Measure(ref UtilityCell cell, ReadOnlySpan<double> clean, ReadOnlySpan<float> released, int top)
    {
        Debug.Assert(clean.Length == released.Length, "A row and its release have the same classes.");
        ReleaseComparison.Compare(clean, released, top, out double distance);
        (double divergence, double cleanEntropy, double releasedEntropy) = ReleaseComparison.Informations(clean, released);
        long units = (long)(distance * (1 / Unit) + 0.5);
        Interlocked.Increment(ref cell.Begun);
        Interlocked.Add(ref cell.Distance, units);
        Interlocked.Add(ref cell.Divergence, (long)Math.Round(divergence / Unit));
        Interlocked.Add(ref cell.CleanEntropy, (long)Math.Round(cleanEntropy / Unit));
        Interlocked.Add(ref cell.ReleasedEntropy, (long)Math.Round(releasedEntropy / Unit));
        Raise(ref cell.MaxDistance, units);
        Interlocked.Increment(ref cell.Sampled);
    }

    /// <summary>Takes in whether an answer was right.</summary>
    public void Report(Posture posture, double released, double? clean, bool isRight) => _labels[(int)posture].Add(released, clean, isRight);

    /// <summary>The counts under one posture.</summary>
    public UtilityStatistics Read(Posture posture)
    {
        UtilityTotals totals = default;
        for (int i = (int)posture; i < _cells.Length; i += Postures)
        {
            totals += ReadWhole(ref _cells[i]);
        }

        (CalibrationSnapshot released, CalibrationSnapshot clean) = _labels[(int)posture].Read();
        long[] crossings = [totals.Crossings.First, totals.Crossings.Second, totals.Crossings.Third, totals.Crossings.Fourth];
        return new UtilityStatistics
        {
            Rows = totals.Rows,
            TopChanged = totals.TopChanged,
            Marked = totals.Marked.Sum(),
            MarkedByKind = totals.Marked.ByKind(),
            LabelsMoved = totals.LabelsMoved,
            MeanDistance = Mean(totals.Distance, totals.Sampled.Rows),
            MaxDistance = totals.MaxDistance * Unit,
            Crossings = Array.ConvertAll(_shownThresholds, threshold => new ThresholdCrossings(threshold, crossings[Array.IndexOf(_shownThresholds, threshold)])),
            Sampled = totals.Sampled.Rows,
            DivergenceBits = Mean(totals.Sampled.Divergence, totals.Sampled.Rows),
            CleanEntropyBits = Mean(totals.Sampled.CleanEntropy, totals.Sampled.Rows),
            ReleasedEntropyBits = Mean(totals.Sampled.ReleasedEntropy, totals.Sampled.Rows),
            Released = released,
            Clean = clean,
        };
    }

    private static double Mean(long units, long rows) => rows == 0 ? 0 : units * Unit / rows;

    private static void Raise(ref long maximum, long value)
    {
        long seen = Volatile.Read(ref maximum);
        while (value > seen)
        {
            // Ends after few turns: the exchange fails only if the maximum grew meanwhile.
            long found = Interlocked.CompareExchange(ref maximum, value, seen);
            seen = found == seen ? value : found;
        }
    }

    private static void Cross(ref UtilityCell cell, int threshold)
    {
        switch (threshold)
        {
            case 0:
                Interlocked.Increment(ref cell.Crossings0);
                break;
            case 1:
                Interlocked.Increment(ref cell.Crossings1);
                break;
            case 2:
                Interlocked.Increment(ref cell.Crossings2);
                break;
            default:
                Interlocked.Increment(ref cell.Crossings3);
                break;
        }
    }

    /// <summary>A cell at one instant; after a thousand readings between which rows were counted, the last of them.</summary>
    private static UtilityTotals ReadWhole(ref UtilityCell cell)
    {
        SpinWait wait = default;
        for (int reading = 0; ; reading++)
        {
            // The rows last: a row is counted before what is said of it. Fewer only where a later row of its batch was at fault.
            long sampled = Volatile.Read(ref cell.Sampled);
            UtilityTotals totals = new(
                0,
                Volatile.Read(ref cell.Distance),
                Volatile.Read(ref cell.MaxDistance),
                Volatile.Read(ref cell.TopChanged),
                (Volatile.Read(ref cell.Crossings0), Volatile.Read(ref cell.Crossings1), Volatile.Read(ref cell.Crossings2), Volatile.Read(ref cell.Crossings3)),
                (sampled, Volatile.Read(ref cell.Divergence), Volatile.Read(ref cell.CleanEntropy), Volatile.Read(ref cell.ReleasedEntropy)));
            totals.LabelsMoved = Volatile.Read(ref cell.LabelsMoved); // before the marks that moved them
            totals.Marked = MarkedRowCounts.Read(ref cell.Marked);
            totals.Rows = Volatile.Read(ref cell.Rows) + Volatile.Read(ref cell.ObservedRows);

            // As many begun after the reading as had ended before it: in between none was under way.
            if (Volatile.Read(ref cell.Begun) == sampled || reading == MostReadings)
            {
                return totals;
            }

            wait.SpinOnce(sleep1Threshold: 50); // a writer without a processor gets this one
        }
    }
}
