namespace InferenceShield.Lab;

/// <summary>That the queries a suspect was asked are those of a list of marked queries at the time of a digest.</summary>
/// <remarks>Made by <see cref="EvidenceDigest.Bind"/>. Who makes a report could write another one: a third party has to be shown the list, or to bind it himself. Immutable and thread-safe.</remarks>
public sealed record EvidenceBinding
{
    /// <summary><see cref="EvidenceDigest.Id"/>.</summary>
    public required string Digest { get; init; }

    /// <summary>When the digest was stamped, in UTC; null if it was not, so that only the claimant says when it was made.</summary>
    public DateTimeOffset? Stamped { get; init; }

    /// <summary>The subject of the certificate of the authority that stamped it; empty for none.</summary>
    public string Authority { get; init; } = "";

    /// <summary>The subject of the root that the authority's chain ends at; empty if no roots were given, so that anybody may have stamped it.</summary>
    public string Root { get; init; } = "";

    /// <summary>Since when the suspect is known, in UTC, as who asked says; null where he did not say.</summary>
    public DateTimeOffset? SuspectSince { get; init; }

    /// <summary>Marked queries that the digest covers.</summary>
    public long Entries { get; init; }

    /// <summary>Of these those that the list does not hold any more: erased, or in a segment that is gone.</summary>
    public long Gone { get; init; }

    /// <summary>Of these those that had to be asked and whose inputs are not known.</summary>
    public long Unknown { get; init; }

    /// <summary>In how many ways who asked could have chosen: callers and all of them, where the queries of one were asked; marked outputs and postures, where one was named;
    /// 2 each, where scores, the input space or the usual number of random keys were not used; numbers of queries, where not all were asked; class maps, where classes are not taken in order. At most 2^52. The combined p-value is multiplied by it (Bonferroni).</summary>
    /// <value>From 1; the default is 1.</value>
    public long Choices { get; init; } = 1;

    /// <summary>Queries that are not among those that were asked though the digest covers them. They could have been left out for their answers.</summary>
    internal long LeftOut => Gone + Unknown;

    /// <summary>Whether the digest was stamped and nothing is left out.</summary>
    internal bool IsWhole => Stamped is not null && LeftOut == 0;
}
