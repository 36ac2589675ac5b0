using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>What an answer hangs on besides its scores.</summary>
internal struct RowBasis
{
    /// <summary>Where its input lies, for noise that belongs to it; else nothing.</summary>
    public Hash128 Input;

    /// <summary>What marks need of the input.</summary>
    public MarkInput Mark;

    /// <summary>Whether <see cref="Mark"/> is known.</summary>
    public bool HasMark;

    /// <summary>The caller's phase in the cosine mark's payload.</summary>
    public double PayloadPhase;

    /// <summary>Whether this call is not to be marked.</summary>
    public bool IsUnmarked;

    /// <summary>The tenant's, for an embedding; null for none.</summary>
    public EmbeddingTransform? Transform;
}
