namespace InferenceShield;

/// <summary>What attacks are imitated by: detection.md 2.1, J3.</summary>
internal enum SyntheticProxyKind
{
    /// <summary>A weighted mean of two rows, weights .3 to .7.</summary>
    Mixup = 0,

    /// <summary>Each number from another row.</summary>
    Shuffled,

    /// <summary>A step up or down at each number: a tenth of the range of images, .3 spreads of features.</summary>
    SignNoise,

    /// <summary>Gaussian noise: .15 of the range of images, .45 spreads of features.</summary>
    GaussianNoise,

    /// <summary>Uniform numbers over the benign range.</summary>
    Uniform,

    /// <summary>Turned around within the benign range.</summary>
    Inverted,

    /// <summary>Half of the row from another one: columns of images, any features.</summary>
    HalfSwapped,

    /// <summary>Half of an image's columns at the least number. Images only.</summary>
    HalfCut,

    /// <summary>A grid of 4 x 4 blocks in another order. Images only.</summary>
    PermutedBlocks,

    /// <summary>Uniform noise, blurred, over the whole benign range. Images only.</summary>
    SmoothedNoise,
}
