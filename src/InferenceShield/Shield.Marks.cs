namespace InferenceShield;

/// <content>Watermarks.</content>
public sealed partial class Shield
{
    /// <summary>What marks need of one input row.</summary>
    /// <param name="input">The row, as the model gets it.</param>
    /// <param name="cell">For noise that belongs to inputs, where an output has some.</param>
    /// <returns>Keyed digests and projections, which are the shield's own.</returns>
    public MarkInput ReadMarkInput(ReadOnlySpan<float> input, InputCell cell = default) =>
        throw new NotImplementedException();

    /// <summary>As <see cref="Harden(in Admission, ReadOnlySpan{float}, Span{float}, int, int)"/>, for outputs with marks that live in
    /// inputs, and for all else that belongs to inputs.</summary>
    /// <param name="admission">The admission of this query, by this shield.</param>
    /// <param name="inputs">One for each admitted row: see <see cref="ReadMarkInput"/>.</param>
    /// <param name="clean">The model's scores: row after row, <paramref name="classes"/> numbers each.</param>
    /// <param name="released">As long as <paramref name="clean"/>: the same span, or one that does not overlap it.</param>
    /// <param name="classes">The numbers in a row.</param>
    /// <param name="output">The output's index: see <see cref="GetOutputIndex"/>.</param>
    public void Harden(in Admission admission, ReadOnlySpan<MarkInput> inputs, ReadOnlySpan<float> clean, Span<float> released, int classes, int output = 0) =>
        throw new NotImplementedException();
}
