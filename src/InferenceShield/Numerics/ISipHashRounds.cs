namespace InferenceShield.Numerics;

/// <summary>How many rounds a SipHash has.</summary>
internal interface ISipHashRounds
{
    /// <summary>For each word of the message: 1 to 4.</summary>
    static abstract int PerWord { get; }

    /// <summary>Before each half of the result: 1 to 4.</summary>
    static abstract int Last { get; }
}
