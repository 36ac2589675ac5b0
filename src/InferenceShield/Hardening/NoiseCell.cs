namespace InferenceShield;

/// <summary>What keyed noise is a function of, besides secret and model: queries in one cell get the same noise.</summary>
/// <remarks>The same for every caller, so that several accounts cannot average it, and for every repeat. Cells differ in what
/// near-duplicates of an input give a thief: another cell is other noise, and averages over it tend to the clean answer.</remarks>
public enum NoiseCell
{
    /// <summary>The label and the probabilities to one decimal. The default: needs no input, and three of four near-duplicates
    /// stay in their cell. Confident answers of one label share a cell, and so their noise.</summary>
    Output,

    /// <summary>The region of input space the query lies in (<see cref="InputCells"/>). Answers of one label get noise of
    /// their own; how many near-duplicates stay in a cell depends on its bits.</summary>
    Input,

    /// <summary>The exact input (<see cref="InputDigest"/>). Repeats get the same noise, but a near-duplicate gets another:
    /// whoever can change an input a little averages the noise away. Do not use it alone where inputs are continuous.</summary>
    ExactInput,
}
