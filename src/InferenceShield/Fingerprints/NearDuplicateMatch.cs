using System.Globalization;

namespace InferenceShield;

/// <summary>How near an input came to the nearest one remembered.</summary>
/// <remarks>For the operator and for detection only. A caller who can tell whether a query matched can tune queries
/// until they do not (OARS, CCS 2023), so nothing of it may show in an answer, its form or its time.</remarks>
public readonly struct NearDuplicateMatch
{
    internal NearDuplicateMatch(int hashes, int overlap, bool isMatch, bool sameCaller, uint callerTag, long age)
    {
        Hashes = hashes;
        Overlap = overlap;
        IsMatch = isMatch;
        SameCaller = sameCaller;
        CallerTag = callerTag;
        Age = age;
    }

    /// <summary>Hashes in this input's fingerprint: as many as the options say, or all distinct windows if fewer.</summary>
    public int Hashes { get; }

    /// <summary>Hashes shared with the nearest input remembered; 0 if none shares any.</summary>
    public int Overlap { get; }

    /// <summary>Whether the overlap reaches the threshold for both inputs.</summary>
    public bool IsMatch { get; }

    /// <summary>Whether the nearest input came from the same caller. False when <see cref="Overlap"/> is 0.</summary>
    public bool SameCaller { get; }

    /// <summary>The pseudonym of the caller of the nearest input: the digits of <see cref="CallerKey.ToString"/>.</summary>
    public uint CallerTag { get; }

    /// <summary>Queries since the nearest input: 1 for the one just before. 0 when <see cref="Overlap"/> is 0.</summary>
    public long Age { get; }

    /// <summary>The overlap, for logs.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Overlap} of {Hashes} hashes{(IsMatch ? ", match" : "")}");
}
