namespace InferenceShield;

/// <summary>The list of marked queries that verification needs. Fixed while the shield lives. See docs/evidence.md.</summary>
public sealed class EvidenceOptions
{
    /// <summary>The list: segments of it get this path and a number behind it.</summary>
    /// <value>A path in a folder that exists and can be written, or the shield is not built; the default, <see langword="null"/>, keeps none.</value>
    public string? File { get; set; }

    /// <summary>Whether inputs are kept, encrypted. Otherwise only a keyed digest, by which you find them in a log of your own.</summary>
    /// <value>The default is <see langword="false"/>.</value>
    /// <remarks>A session has the inputs. Other hosts give Harden the rows; of a call that gives only digests or mark inputs none is kept, which is counted
    /// (<see cref="EvidenceStatistics.WithoutInput"/>).</remarks>
    public bool KeepInputs { get; set; }

    /// <summary>The share of marked queries that is kept, chosen by a keyed hash of the input: of an input, all callers' queries or none.</summary>
    /// <value>.001 to 1; the default is 1. Of embeddings with a direction mark all answers are marked, and a share of some thousand queries suffices.</value>
    public double Share { get; set; } = 1;

    /// <summary>Queries of one caller that are kept a day (UTC), so that no caller fills the list. The same input again is not kept again, and not counted.</summary>
    /// <value>1 to 10,000,000; the default is 10,000.</value>
    public int MostPerCaller { get; set; } = 10_000;

    /// <summary>Bytes of all segments, after which nothing is added until the oldest have been deleted. A query takes 64 bytes and its input.
    /// Once half is used, a caller gets at most 1/256 of what is left a day (UTC), or 4 KiB if that is more, so that a few do not fill the list for all.</summary>
    /// <value>1 MiB to 1 TiB; the default is 1 GiB.</value>
    public long MostBytes { get; set; } = 1L << 30;

    /// <summary>How long queries are kept at most. A segment holds a day at most and is deleted as a whole, so its last ones go up to a day earlier.</summary>
    /// <value>2 to 3,650 days; the default is 90 days.</value>
    public TimeSpan Retention { get; set; } = TimeSpan.FromDays(90);

    internal EvidenceOptions Clone() => (EvidenceOptions)MemberwiseClone();

    internal bool HasSameContent(EvidenceOptions other) =>
        (File, KeepInputs, Share, MostPerCaller, MostBytes, Retention) == (other.File, other.KeepInputs, other.Share, other.MostPerCaller, other.MostBytes, other.Retention);
}
