namespace InferenceShield.Benchmarks.Gate;

/// <summary>Bytes that a number of operations allocated.</summary>
internal readonly record struct AllocationCount(long Bytes, int Operations)
{
    public double PerOperation => (double)Bytes / Operations;

    /// <summary>Whether not one operation differed.</summary>
    public bool IsExactly(long bytesPerOperation) => Bytes == bytesPerOperation * Operations;
}
