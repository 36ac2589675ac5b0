namespace InferenceShield.Lab;

/// <summary>Which rows <see cref="ActiveStrategy"/> asks next.</summary>
public enum ActiveSelection
{
    /// <summary>Those of the highest entropy under the copy: uncertainty sampling (Lewis and Gale, SIGIR 1994).</summary>
    /// <remarks>On letters worse than a random choice at up to a thousand queries, better at five thousand.</remarks>
    Entropy,

    /// <summary>Those whose two leading classes are closest under the copy (Scheffer, Decomain and Wrobel, IDA 2001).</summary>
    /// <remarks>The best of the three on letters, of clean pools and of pools that are mostly junk.</remarks>
    Margin,

    /// <summary>Those furthest from all that was answered, by the copy's distributions: the greedy k-center of ActiveThief.</summary>
    /// <remarks>Close to margin where the pool is clean. It reaches for outliers: of a pool that is mostly junk it asks more junk than a random choice.</remarks>
    KCenter,
}
