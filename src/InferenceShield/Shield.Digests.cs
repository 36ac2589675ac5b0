namespace InferenceShield;

/// <content>Digests of described inputs.</content>
public sealed partial class Shield
{
    /// <summary>Describes one input of the model, so that its rows can be digested as numbers and apart from other inputs'.</summary>
    /// <param name="name">The input's name.</param>
    /// <param name="element">How its elements are told apart.</param>
    /// <param name="rowShape">The shape of one row, without the row dimension.</param>
    /// <returns>Make it once and reuse it. The same under the same secret, for every model.</returns>
    /// <exception cref="ArgumentOutOfRangeException">No such element.</exception>
    public InputSchema DescribeInput(string name, InputElement element, params ReadOnlySpan<long> rowShape)
    {
        ArgumentNullException.ThrowIfNull(name);
        ObjectDisposedException.ThrowIf(_disposed, this);
        return Enum.IsDefined(element)
            ? new InputSchema(_keys.InputSchemas, name, element, rowShape)
            : throw new ArgumentOutOfRangeException(nameof(element), element, "Allowed: Bytes, FloatingPoint32, FloatingPoint64, FloatingPoint16 or BFloat16.");
    }

    /// <summary>The keyed digest of one row of a described input: the same for rows that hold the same numbers.</summary>
    /// <param name="schema">The input, described by this shield.</param>
    /// <param name="row">Its elements' bytes, in the machine's order. Rows without -0 and NaN are not copied.</param>
    public InputDigest Digest(InputSchema schema, ReadOnlySpan<byte> row)
    {
        ArgumentNullException.ThrowIfNull(schema);
        return _keys.Digester.Digest(schema, row);
    }

    /// <summary>The same for several inputs: the digest of those before, and the next input's row.</summary>
    public InputDigest Digest(InputDigest before, InputSchema schema, ReadOnlySpan<byte> row)
    {
        ArgumentNullException.ThrowIfNull(schema);
        return _keys.Digester.Append(before, schema, row);
    }
}
