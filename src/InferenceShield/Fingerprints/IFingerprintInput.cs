namespace InferenceShield;

/// <summary>An input that can be hashed window by window, a block of windows at a time.</summary>
internal interface IFingerprintInput
{
    /// <summary>Whether windows run over the end into the beginning.</summary>
    static abstract bool IsRing { get; }

    /// <summary>Puts the hashes of <paramref name="count"/> windows from number <paramref name="first"/> on behind the
    /// first element of <see cref="FingerprintScratch.Hashes"/>.</summary>
    void Hash(Fingerprinter owner, int first, int count, int window, FingerprintScratch scratch);
}
