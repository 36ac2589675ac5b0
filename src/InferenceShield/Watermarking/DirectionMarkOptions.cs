namespace InferenceShield;

/// <summary>Keyed directions in embeddings.</summary>
/// <remarks>The defaults are the least of the measured settings by which a network that was trained on 6,000 answers is found with every key: z of 4.5
/// or more. A budget of .005 with 4 or 16 directions finds stored answers, and such a network with some keys only. At the default, who searches
/// released embeddings with released ones finds 89 % of the ten nearest neighbours of clean ones (94 % at .005, 77 % at .1; 99.7 % without a mark): measured on one model of 64 numbers.
/// With 16 directions, a marked answer of 64, 384 and 768 numbers takes 3.5, 2.8 and 2.5 times as long as one without the mark, side by side in one run on a processor with vectors of 512 bits.
/// See docs/ownership.md.</remarks>
public sealed class DirectionMarkOptions
{
    /// <summary>The largest angle's cosine budget: the cosine of marked and unmarked vector is at least 1 less this.</summary>
    /// <value>.0001 to .1; the default is .02.</value>
    public double CosineBudget { get; set; } = 0.02;

    /// <summary>How many directions.</summary>
    /// <value>1 to 16; the default is 16. An embedding of fewer numbers has one direction less than numbers.</value>
    public int Directions { get; set; } = 16;

    internal DirectionMarkOptions Clone() => (DirectionMarkOptions)MemberwiseClone();
}
