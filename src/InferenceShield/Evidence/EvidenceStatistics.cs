namespace InferenceShield;

/// <summary>What became of the marked queries of a shield since it was built.</summary>
/// <remarks>A snapshot, for operators: callers must not see it.</remarks>
public readonly record struct EvidenceStatistics
{
    /// <summary>Handed to the disk.</summary>
    public long Recorded { get; init; }

    /// <summary>Left out because of <see cref="EvidenceOptions.Share"/>.</summary>
    public long NotSampled { get; init; }

    /// <summary>Left out because of <see cref="EvidenceOptions.MostPerCaller"/>.</summary>
    public long OverCallerLimit { get; init; }

    /// <summary>Left out because the caller had asked the same that day (UTC) and was answered the same, and it was kept. Less than one in a thousand others is taken for such a repeat.</summary>
    public long Repeated { get; init; }

    /// <summary>Left out because more than half of <see cref="EvidenceOptions.MostBytes"/> is used and the caller had had its share of the rest that day (UTC).</summary>
    public long OverRoomShare { get; init; }

    /// <summary>Lost: the buffer or the list was full, or the disk failed.</summary>
    public long Dropped { get; init; }

    /// <summary>Of those recorded or waiting, without a digest of the input.</summary>
    public long WithoutDigest { get; init; }

    /// <summary>Of those recorded or waiting, without an input though <see cref="EvidenceOptions.KeepInputs"/> is on: none was given.</summary>
    public long WithoutInput { get; init; }

    /// <summary>Of those recorded or waiting, whose input was too large to be kept.</summary>
    public long InputsTooLarge { get; init; }

    /// <summary>Segments deleted because of <see cref="EvidenceOptions.Retention"/>.</summary>
    public long ExpiredSegments { get; init; }

    /// <summary>Bytes of all segments of the list.</summary>
    public long Bytes { get; init; }

    /// <summary>Why nothing is being recorded now; null if it is.</summary>
    public string? Fault { get; init; }
}
