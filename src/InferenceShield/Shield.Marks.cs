namespace InferenceShield;

/// <content>Watermarks.</content>
public sealed partial class Shield
{
    /// <summary>Numbers in a row of the session's input; 0 if nobody has said. A reload with an input space of other rows is refused.</summary>
    internal int InputLength { get; set; }

    /// <summary>Where benign inputs lie; null without a file.</summary>
    internal InputSpace? Space => _plan.Space;

    /// <summary>What marks need of one input row.</summary>
    /// <param name="input">The row, as the model gets it.</param>
    /// <param name="cell">For noise that belongs to inputs, where an output has some.</param>
    /// <returns>Keyed digests and projections, which are the shield's own: the same on every replica and after every restart. Of bits, not
    /// numbers: 0 and -0 are two.</returns>
    /// <remarks>Thread-safe; allocates nothing. Two passes of SipHash-2-4 over the row at the most, some microseconds for a thousand
    /// numbers. Of a model with several inputs give the one whose rows are the queries. It does not hold the row: where
    /// <see cref="EvidenceOptions.KeepInputs"/> is on, give Harden the inputs themselves.</remarks>
    /// <exception cref="ArgumentException">An empty row.</exception>
    public MarkInput ReadMarkInput(ReadOnlySpan<float> input, InputCell cell = default)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return input.IsEmpty
            ? throw new ArgumentException("The row of input is empty. Give all of its numbers.", nameof(input))
            : _plan.MarkInputs.Read(input, cell);
    }

    /// <summary>As <see cref="Harden(in Admission, ReadOnlySpan{float}, Span{float}, int, int)"/>, for outputs with marks that live in
    /// inputs, and for all else that belongs to inputs.</summary>
    /// <param name="admission">The admission of this query, by this shield.</param>
    /// <param name="inputs">One for each admitted row: see <see cref="ReadMarkInput"/>.</param>
    /// <param name="clean">The model's scores: row after row, <paramref name="classes"/> numbers each.</param>
    /// <param name="released">As long as <paramref name="clean"/>: the same span, or one that does not overlap it.</param>
    /// <param name="classes">The numbers in a row.</param>
    /// <param name="output">The output's index: see <see cref="GetOutputIndex"/>.</param>
    /// <exception cref="InvalidModelOutputException">A score is not finite, or the scores are not of the declared kind. All of
    /// <paramref name="released"/> is zeroed then.</exception>
    /// <exception cref="InvalidOperationException">The query was not admitted by this shield, or the output's options need a tenant
    /// that was not given.</exception>
    /// <remarks>Noise that belongs to inputs is drawn by <see cref="MarkInput.Cell"/>, or by the row's digest where it belongs to exact
    /// ones; the latter is another noise than by <see cref="InputDigest"/>. The list of marked queries gets the row's digest and no input:
    /// <see cref="Harden(in Admission, ReadOnlySpan{float}, ReadOnlySpan{float}, Span{float}, int, int)"/> is what
    /// <see cref="EvidenceOptions.KeepInputs"/> needs.</remarks>
    public void Harden(in Admission admission, ReadOnlySpan<MarkInput> inputs, ReadOnlySpan<float> clean, Span<float> released, int classes, int output = 0) =>
        Harden(in admission, new RowInputs(inputs), clean, released, classes, output);
}
