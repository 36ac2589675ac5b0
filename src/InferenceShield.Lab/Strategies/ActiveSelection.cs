namespace InferenceShield.Lab;

/// <summary>Which rows <see cref="ActiveStrategy"/> asks next.</summary>
public enum ActiveSelection
{
    /// <summary>Those of the highest entropy under the copy: uncertainty sampling (Lewis and Gale, SIGIR 1994).</summary>
    Entropy,

    /// <summary>Those whose two leading classes are closest under the copy (Scheffer, Decomain and Wrobel, IDA 2001).</summary>
    Margin,

    /// <summary>Those furthest from all that was answered, by the copy's distributions: the greedy k-center of ActiveThief.</summary>
    KCenter,
}
