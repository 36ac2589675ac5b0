namespace InferenceShield;

/// <summary>What keyed noise is a function of, besides secret and model: queries in one cell get the same noise. So for the dither of
/// quantised regression values and the noise of embeddings.</summary>
/// <remarks>
/// <para>The same for every caller, so that several accounts cannot average it, and for every repeat: averaging repeats gains
/// exactly nothing, in any cell. Cells differ in what near-repeats give a thief, as another cell is other noise.</para>
/// <para>Measured on five classes with every logit moved by .05: the mean of 2, 8 and 64 near-repeats keeps .88, .79 and .74
/// of the noise in output cells, and .65, .34 and .16 where it follows the exact input.</para>
/// </remarks>
public enum NoiseCell
{
    /// <summary>The label and the probabilities from .05 on to one decimal; of a regression value sixteen steps of it, of an embedding 16
    /// keyed sides of the vector. The default: it needs no input, and most near-duplicates stay in their cell.</summary>
    /// <remarks>Confident answers of one label share a cell and so their noise, and who has one clean answer can take it off
    /// the others. That tells little that the label does not, for such answers are near 1 and a bare guess of 1 is as close.
    /// Finer cells near 1 would not change that and would lose near-duplicates, so there are none.</remarks>
    Output,

    /// <summary>The region of input space the query lies in (<see cref="InputCells"/>). Answers of one label get noise of
    /// their own; how many near-duplicates stay in a cell depends on its bits.</summary>
    Input,

    /// <summary>The exact input (<see cref="InputDigest"/>). Repeats get the same noise, but a near-duplicate gets another:
    /// whoever can change an input a little averages the noise away. Do not use it where inputs are continuous. To a session, inputs are the
    /// same if their bits are: 0 and -0 are two.</summary>
    ExactInput,
}
