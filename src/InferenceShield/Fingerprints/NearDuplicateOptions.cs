namespace InferenceShield;

/// <summary>What counts as a near-duplicate, and how much is remembered. Read once, when an index is made.</summary>
public sealed class NearDuplicateOptions
{
    /// <summary>What the input is made of.</summary>
    /// <value>The default is <see cref="InputKind.Image"/>.</value>
    public InputKind Kind { get; set; }

    /// <summary>Queries remembered, over all callers; the oldest is forgotten first. Rounded up to a power of two.</summary>
    /// <value>1,024 to 16,777,216; the default is 65,536. See <see cref="NearDuplicateIndex.MemoryBytes"/> for what it
    /// takes: 808 bytes a query at 50 hashes, allocated once.</value>
    public int Capacity { get; set; } = 65_536;

    /// <summary>Symbols in a window: pixels, features or tokens.</summary>
    /// <value>1 to 256; by default 20 for images (as published for images up to 32x32; 50 for larger ones), 2 for
    /// features, 8 for tokens. Longer windows tell more inputs apart and break under smaller changes: on Fashion-MNIST,
    /// 12 finds 84 % of images with noise of 4 / 255 and 20 finds 44 %, and neither confuses any two of 2,000 images.
    /// Images with 20 and a step of 37 or more are hashed with vectors; other lengths are several times slower.</value>
    public int? WindowLength { get; set; }

    /// <summary>Distance from one window to the next.</summary>
    /// <value>1 to 256; the default is 1. Published for 224x224 images: 25.</value>
    public int Stride { get; set; } = 1;

    /// <summary>Hashes kept of an input: the largest distinct ones, which are a random but repeatable sample.</summary>
    /// <value>8 to 128; the default is 50.</value>
    public int Hashes { get; set; } = 50;

    /// <summary>Hashes of <see cref="Hashes"/> that two inputs must share to be near-duplicates.</summary>
    /// <value>1 to <see cref="Hashes"/>; the default is 25. Inputs with fewer windows need the same share of them.</value>
    public int MatchOverlap { get; set; } = 25;

    /// <summary>The width of a quantisation step: of pixel values 0 to 255 for images, in units of the feature's spread
    /// for features. Not used for tokens.</summary>
    /// <value>Images: 8 to 128, whole numbers; default 50. Features: 0.001 to 1,000; default 0.5. Changes smaller than
    /// about a tenth of it leave most windows alone. Features that take few values have neighbours by nature: on the
    /// letter recognition data (16 features of 0 to 15) 5 % of rows share half of their windows with an unlike row.</value>
    public double? QuantizationStep { get; set; }

    /// <summary>The value of a float image that is black.</summary>
    /// <value>Finite; the default is 0.</value>
    public float ImageMinimum { get; set; }

    /// <summary>The value of a float image that is white.</summary>
    /// <value>Finite and above <see cref="ImageMinimum"/>; the default is 1.</value>
    public float ImageMaximum { get; set; } = 1;

    /// <summary>The spread of each feature (its standard deviation, say), in whose units the step is meant.</summary>
    /// <value>Positive numbers, one a feature; empty by default, which means 1 for every feature.</value>
    public IList<float> FeatureSpreads { get; set; } = [];
}
