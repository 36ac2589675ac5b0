namespace InferenceShield.Lab;

/// <summary>Rows of numbers of one width, with or without labels.</summary>
/// <remarks>Row-major. Immutable and thread-safe as long as nobody writes to the memory it was made of.</remarks>
public sealed class Dataset
{
    /// <summary>Rows without labels.</summary>
    /// <param name="name">What it is called in reports.</param>
    /// <param name="values">All rows, one after another.</param>
    /// <param name="width">Values in a row, at least 1.</param>
    /// <exception cref="ArgumentException">The values are no whole number of rows.</exception>
    public Dataset(string name, ReadOnlyMemory<float> values, int width)
        : this(name, values, width, default, 0)
    {
    }

    /// <summary>Rows with labels.</summary>
    /// <param name="name">What it is called in reports.</param>
    /// <param name="values">All rows, one after another.</param>
    /// <param name="width">Values in a row, at least 1.</param>
    /// <param name="labels">The label of each row, 0 to <paramref name="classCount"/> - 1; empty for none.</param>
    /// <param name="classCount">How many labels there are; 0 where there are none.</param>
    /// <exception cref="ArgumentException">The values are no whole number of rows, or the labels are another number than the rows or out of range.</exception>
    public Dataset(string name, ReadOnlyMemory<float> values, int width, ReadOnlyMemory<int> labels, int classCount)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(classCount);
        (int count, int rest) = Math.DivRem(values.Length, width);
        if (rest != 0)
        {
            throw new ArgumentException($"'{name}' holds {values.Length} values, which is no whole number of rows of {width}.", nameof(values));
        }

        if (!labels.IsEmpty && labels.Length != count)
        {
            throw new ArgumentException($"'{name}' holds {count} rows but {labels.Length} labels.", nameof(labels));
        }

        int outside = labels.Span.IndexOfAnyExceptInRange(0, classCount - 1);
        if (outside >= 0)
        {
            throw new ArgumentException($"Row {outside} of '{name}' has the label {labels.Span[outside]}; there are {classCount} classes.", nameof(labels));
        }

        Name = name;
        Values = values;
        Width = width;
        Count = count;
        Labels = labels;
        ClassCount = classCount;
    }

    /// <summary>What it is called in reports.</summary>
    public string Name { get; }

    /// <summary>The number of rows.</summary>
    public int Count { get; }

    /// <summary>Values in a row.</summary>
    public int Width { get; }

    /// <summary>How many labels there are; 0 where there are none.</summary>
    public int ClassCount { get; }

    /// <summary>All rows, one after another.</summary>
    public ReadOnlyMemory<float> Values { get; }

    /// <summary>The label of each row; empty where there are none.</summary>
    public ReadOnlyMemory<int> Labels { get; }

    /// <summary>Whether rows have labels.</summary>
    public bool HasLabels => !Labels.IsEmpty;

    /// <summary>The values of one row.</summary>
    public ReadOnlySpan<float> GetRow(int row) => Values.Span.Slice(row * Width, Width);

    /// <summary>Some rows, without a copy.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There are not that many rows.</exception>
    public Dataset Slice(int start, int count) =>
        new(Name, Values.Slice(start * Width, count * Width), Width, HasLabels ? Labels.Slice(start, count) : default, ClassCount);

    /// <summary>A copy of some rows, in the order given.</summary>
    public Dataset Select(ReadOnlySpan<int> rows)
    {
        float[] values = new float[rows.Length * Width];
        int[] labels = HasLabels ? new int[rows.Length] : [];
        for (int i = 0; i < rows.Length; i++)
        {
            GetRow(rows[i]).CopyTo(values.AsSpan(i * Width));
            if (HasLabels)
            {
                labels[i] = Labels.Span[rows[i]];
            }
        }

        return new Dataset(Name, values, Width, labels, ClassCount);
    }

    /// <summary>A copy in an order that follows from the seed.</summary>
    public Dataset Shuffle(ulong seed)
    {
        int[] order = [.. Enumerable.Range(0, Count)];
        new SeededRandom(seed, stream: 1).Shuffle(order);
        return Select(order);
    }
}
