using System.Numerics;
using System.Runtime.CompilerServices;

namespace InferenceShield;

/// <summary>Rows that carry marks, by which: a row has one mark at most besides the cosine, so each is one counter, and one more beside a cosine.</summary>
[InlineArray(Places)]
internal struct MarkedRowCounts
{
    private const int Kinds = 8;
    private const int Places = 2 * Kinds;

    private long _first;

    /// <summary>The counter of a row's marks: one atomic addition a row.</summary>
    /// <param name="kinds">At most one besides <see cref="MarkKinds.Cosine"/>.</param>
    public static int PlaceOf(MarkKinds kinds)
    {
        MarkKinds other = kinds & ~MarkKinds.Cosine;
        return other == MarkKinds.None ? BitOperations.Log2((uint)MarkKinds.Cosine) : BitOperations.Log2((uint)other) + (kinds == other ? 0 : Kinds);
    }

    /// <summary>Reads the counters one by one.</summary>
    public static MarkedRowCounts Read(ref MarkedRowCounts counts)
    {
        MarkedRowCounts read = default;
        for (int place = 0; place < Places; place++)
        {
            read[place] = Volatile.Read(ref counts[place]);
        }

        return read;
    }

    /// <summary>Rows with any mark.</summary>
    public readonly long Sum()
    {
        long sum = 0;
        foreach (long count in (ReadOnlySpan<long>)this)
        {
            sum += count;
        }

        return sum;
    }

    /// <summary>Rows by mark; a row with two is counted under both. Marks that no row has are left out.</summary>
    public readonly Dictionary<MarkKinds, long> ByKind()
    {
        Dictionary<MarkKinds, long> rows = [];
        for (int place = 0; place < Places; place++)
        {
            if (this[place] > 0)
            {
                Add(rows, (MarkKinds)(1 << (place % Kinds)), this[place]);
                if (place >= Kinds)
                {
                    Add(rows, MarkKinds.Cosine, this[place]);
                }
            }
        }

        return rows;
    }

    public static MarkedRowCounts operator +(in MarkedRowCounts left, in MarkedRowCounts right)
    {
        MarkedRowCounts sum = left;
        for (int place = 0; place < Places; place++)
        {
            sum[place] += right[place];
        }

        return sum;
    }

    private static void Add(Dictionary<MarkKinds, long> rows, MarkKinds kind, long count) => rows[kind] = rows.GetValueOrDefault(kind) + count;
}
