using System.Runtime.CompilerServices;

namespace InferenceShield;

/// <summary>What detection keeps of one caller: at most 2,048 bytes. Changed by <see cref="CallerUpdate"/> only; not thread-safe.</summary>
internal struct CallerWatch
{
    public const int LargestSize = 2048;

    /// <summary>Inputs that are remembered for near-duplicates.</summary>
    public const int Ring = 64;

    /// <summary>Queries in this epoch.</summary>
    public int Queries;

    public int Epoch;

    /// <summary>The tenant of the latest query; empty if it has none. Set by <see cref="Detector"/>, for postures, and kept over epochs.</summary>
    public CallerKey Tenant;

    /// <summary>Queries in all epochs, up to <see cref="int.MaxValue"/>.</summary>
    public int TotalQueries;

    /// <summary>The calibration under which the statistics were built up; 0 before the first query.</summary>
    public int Stamp;

    /// <summary>Benign mass of the cells visited, 0 to 1. Never falls while the caller is watched.</summary>
    public float Odometer;

    /// <summary>Of the cells visited under this calibration alone.</summary>
    public float CellMass;

    /// <summary>The next of the baseline's checkpoints.</summary>
    public byte Checkpoint;

    /// <summary>A bit for each family and level whose alarm was raised in this epoch.</summary>
    public byte Raised;

    /// <summary>The ring's next place, and how many are filled.</summary>
    public byte RingNext;

    public byte RingFilled;

    /// <summary>Sums of v, in double: after millions of queries, one more must still count.</summary>
    public VectorSums Sums;

    /// <summary>Exponentially weighted means of v, half-lives 32 and 256, not yet corrected for their start at 0.</summary>
    public RecentMeans Recent32;

    public RecentMeans Recent256;

    /// <summary>SimHashes of the last inputs, and digests of the exact ones.</summary>
    public RingHashes SimHashes;

    public RingDigests Digests;

    /// <summary>Of the last 64 queries, a bit each, the latest lowest: near-duplicates, and those beyond the first cut of J1 and J3.</summary>
    public ulong NearDuplicateHits;

    public ulong OutlierHits;

    public ulong TrainedOutlierHits;

    /// <summary>Near-duplicate CUSUMs by allowance.</summary>
    public NearDuplicateSums NearDuplicates;

    /// <summary>J1 and J3 CUSUMs: cut x allowance.</summary>
    public OutlierSums Outliers;

    public OutlierSums TrainedOutliers;

    /// <summary>ln of the cold start's e-CUSUM.</summary>
    public float ColdStart;

    /// <summary>The largest value of each statistic in this epoch.</summary>
    public StatisticMaxima Maxima;

    /// <summary>Cells visited: see <see cref="OdometerCells"/>. Kept over epochs.</summary>
    public CellBitmap Cells;

    /// <summary>By family and level. Kept over epochs, until <see cref="CallerUpdate.ClearAlarms"/>.</summary>
    public CallerAlarms Alarms;

    /// <summary>For dashboards. Kept over epochs.</summary>
    public PlainWatch Plain;

    [InlineArray(QuerySignals.VectorLength)]
    public struct VectorSums
    {
        private double _first;
    }

    [InlineArray(QuerySignals.VectorLength)]
    public struct RecentMeans
    {
        private float _first;
    }

    [InlineArray(Ring)]
    public struct RingHashes
    {
        private ulong _first;
    }

    [InlineArray(Ring)]
    public struct RingDigests
    {
        private uint _first;
    }

    [InlineArray(3)]
    public struct NearDuplicateSums
    {
        private float _first;
    }

    [InlineArray(10)]
    public struct OutlierSums
    {
        private float _first;
    }

    [InlineArray(DetectionThresholds.Statistics + 1)]
    public struct StatisticMaxima
    {
        private float _first;
    }

    [InlineArray(4)]
    public struct CallerAlarms
    {
        private CallerAlarm _first;
    }
}
