namespace InferenceShield.Lab;

/// <summary>A named attribute of a node.</summary>
internal sealed class OnnxAttribute
{
    private const int TypeField = 20;

    /// <summary>An integer.</summary>
    public OnnxAttribute(string name, long value) => Content = Start(name).WriteInt64(3, value).WriteInt64(TypeField, 2);

    /// <summary>A floating point number.</summary>
    public OnnxAttribute(string name, float value) => Content = Start(name).WriteSingle(2, value).WriteInt64(TypeField, 1);

    /// <summary>A text.</summary>
    public OnnxAttribute(string name, string value) => Content = Start(name).WriteString(4, value).WriteInt64(TypeField, 3);

    /// <summary>A tensor.</summary>
    public OnnxAttribute(string name, OnnxTensor value)
    {
        ArgumentNullException.ThrowIfNull(value);
        Content = Start(name).WriteMessage(5, value.ToProtobuf(string.Empty)).WriteInt64(TypeField, 4);
    }

    /// <summary>A list of integers.</summary>
    public OnnxAttribute(string name, ReadOnlySpan<long> values)
    {
        Content = Start(name);
        foreach (long value in values)
        {
            Content.WriteInt64(8, value);
        }

        Content.WriteInt64(TypeField, 7);
    }

    /// <summary>A list of floating point numbers.</summary>
    public OnnxAttribute(string name, ReadOnlySpan<float> values)
    {
        Content = Start(name);
        foreach (float value in values)
        {
            Content.WriteSingle(7, value);
        }

        Content.WriteInt64(TypeField, 6);
    }

    /// <summary>The encoded <c>AttributeProto</c>.</summary>
    internal ProtobufWriter Content { get; }

    private static ProtobufWriter Start(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return new ProtobufWriter().WriteString(1, name);
    }
}
