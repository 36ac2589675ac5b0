namespace InferenceShield;

/// <summary>What is done to a distribution before it is released. One at a time: their budgets do not add up to a promise.</summary>
internal enum Perturbation
{
    None = 0,

    /// <summary><see cref="InferenceShield.LeastInformation"/>.</summary>
    LeastInformation,

    /// <summary><see cref="AnswerCodebook"/>: where a centroid is within the cap it is the answer, and no release follows.</summary>
    Codebook,

    /// <summary><see cref="InferenceShield.KeyedNoise"/>.</summary>
    KeyedNoise,

    /// <summary><see cref="ReverseSigmoidPerturbation"/>.</summary>
    ReverseSigmoid,

    /// <summary><see cref="MisinformationPerturbation"/>.</summary>
    AdaptiveMisinformation,
}
