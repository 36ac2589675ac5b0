using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>What an answer hangs on besides its scores.</summary>
internal struct RowBasis
{
    /// <summary>Where its input lies, for noise that belongs to it; else nothing.</summary>
    public Hash128 Input;

    /// <summary>The tenant's, for an embedding; null for none.</summary>
    public EmbeddingTransform? Transform;
}
