namespace InferenceShield;

/// <summary>How keyed noise is distributed over classes and cells, before it is scaled to its L1 budget.</summary>
/// <remarks>The budget decides how far an answer moves, the kind only how the move is shared among the classes: evenly, or
/// much of it on a few. None of them costs a thief anything measurable at budgets up to .2 (efficacy was measured with uniform
/// noise).</remarks>
public enum NoiseKind
{
    /// <summary>Even between -1 and 1, from 16 bits a class. The fastest, and the default.</summary>
    Uniform,

    /// <summary>Two-sided exponential: a few classes get much, most little. From 23 bits and a sign, so truncated at
    /// 24 ln 2 = 16.6 times its scale.</summary>
    Laplace,

    /// <summary>Normal by Box and Muller's transform, from a radius of 23 bits: truncated at sqrt(48 ln 2) = 5.77 standard
    /// deviations, which an untruncated one passes once in 10^8.</summary>
    Gaussian,
}
