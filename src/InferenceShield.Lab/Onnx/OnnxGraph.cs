namespace InferenceShield.Lab;

/// <summary>Builds an ONNX model of one graph (opset 17, IR version 8) and encodes it as protobuf.</summary>
/// <remarks>Nodes are added in the order in which they run. Not thread-safe.</remarks>
/// <example>
/// <code>
/// byte[] model = new OnnxGraph("linear")
///     .AddInput("x", OnnxElementType.Float, ["batch", 64])
///     .AddInitializer("w", [64, 10], weights)
///     .AddNode("MatMul", ["x", "w"], ["logits"])
///     .AddOutput("logits", OnnxElementType.Float, ["batch", 10])
///     .ToBytes();
/// </code>
/// </example>
internal sealed class OnnxGraph
{
    private const int IrVersion = 8;
    private const int OpsetVersion = 17;

    private readonly string _name;
    private readonly string _producer;
    private readonly ProtobufWriter _nodes = new();
    private readonly ProtobufWriter _initializers = new();
    private readonly ProtobufWriter _inputs = new();
    private readonly ProtobufWriter _outputs = new();
    private readonly ProtobufWriter _metadata = new();
    private readonly HashSet<string> _values = new(StringComparer.Ordinal);
    private readonly HashSet<string> _outputNames = new(StringComparer.Ordinal);
    private int _nodeCount;

    /// <summary>Starts an empty graph.</summary>
    /// <param name="name">The graph's name.</param>
    /// <param name="producer">What the file says it was made by.</param>
    public OnnxGraph(string name, string producer = "InferenceShield.Samples")
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentException.ThrowIfNullOrEmpty(producer);
        _name = name;
        _producer = producer;
    }

    /// <summary>Declares an input.</summary>
    /// <param name="name">The input's name.</param>
    /// <param name="type">The element type.</param>
    /// <param name="shape">Fixed and named sizes, such as <c>["batch", 64]</c>; empty for a scalar; null where even the rank is unknown.</param>
    public OnnxGraph AddInput(string name, OnnxElementType type, OnnxDimension[]? shape)
    {
        Define(name);
        _inputs.WriteMessage(11, ValueInfo(name, type, shape));
        return this;
    }

    /// <summary>Declares an output; nodes must define a value of that name before the graph is encoded.</summary>
    /// <inheritdoc cref="AddInput"/>
    public OnnxGraph AddOutput(string name, OnnxElementType type, OnnxDimension[]? shape)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        _outputNames.Add(name);
        _outputs.WriteMessage(12, ValueInfo(name, type, shape));
        return this;
    }

    /// <summary>Adds a constant that nodes may use by name.</summary>
    /// <typeparam name="T">See <see cref="OnnxTensor.Create"/>.</typeparam>
    /// <param name="name">The constant's name.</param>
    /// <param name="dimensions">The shape; empty for a scalar.</param>
    /// <param name="values">The values in row-major order.</param>
    public OnnxGraph AddInitializer<T>(string name, ReadOnlySpan<long> dimensions, ReadOnlySpan<T> values)
        where T : unmanaged
    {
        OnnxTensor tensor = OnnxTensor.Create(dimensions, values);
        Define(name);
        _initializers.WriteMessage(5, tensor.ToProtobuf(name));
        return this;
    }

    /// <summary>Adds an operator.</summary>
    /// <param name="operatorType">The operator, such as <c>MatMul</c>.</param>
    /// <param name="inputs">Values defined so far; an empty name leaves an optional input out.</param>
    /// <param name="outputs">The new values; an empty name leaves an optional output out.</param>
    /// <param name="attributes">The operator's attributes.</param>
    public OnnxGraph AddNode(
        string operatorType, ReadOnlySpan<string> inputs, ReadOnlySpan<string> outputs, params ReadOnlySpan<OnnxAttribute> attributes)
    {
        ArgumentException.ThrowIfNullOrEmpty(operatorType);
        var node = new ProtobufWriter();
        foreach (string input in inputs)
        {
            if (input.Length != 0 && !_values.Contains(input))
            {
                throw new ArgumentException($"The {operatorType} node reads '{input}', which nothing has defined yet.", nameof(inputs));
            }

            node.WriteString(1, input);
        }

        foreach (string output in outputs)
        {
            if (output.Length != 0)
            {
                Define(output);
            }

            node.WriteString(2, output);
        }

        node.WriteString(3, $"{operatorType}_{_nodeCount++}").WriteString(4, operatorType);
        foreach (OnnxAttribute attribute in attributes)
        {
            node.WriteMessage(5, attribute.Content);
        }

        _nodes.WriteMessage(1, node);
        return this;
    }

    /// <summary>Adds a key and a value to the model's metadata.</summary>
    public OnnxGraph AddMetadata(string key, string value)
    {
        _metadata.WriteMessage(14, new ProtobufWriter().WriteString(1, key).WriteString(2, value));
        return this;
    }

    /// <summary>Encodes the model.</summary>
    /// <exception cref="InvalidOperationException">There is no output, or an output names a value that nothing defines.</exception>
    public byte[] ToBytes()
    {
        if (_outputNames.Count == 0 || !_outputNames.IsSubsetOf(_values))
        {
            throw new InvalidOperationException(
                $"Graph '{_name}' needs outputs, each a defined value; undefined: {string.Join(", ", _outputNames.Except(_values))}.");
        }

        ProtobufWriter graph = new ProtobufWriter()
            .Append(_nodes).WriteString(2, _name).Append(_initializers).Append(_inputs).Append(_outputs);
        ProtobufWriter opset = new ProtobufWriter().WriteString(1, string.Empty).WriteInt64(2, OpsetVersion);
        return new ProtobufWriter()
            .WriteInt64(1, IrVersion)
            .WriteString(2, _producer)
            .WriteMessage(7, graph)
            .WriteMessage(8, opset)
            .Append(_metadata)
            .Bytes.ToArray();
    }

    /// <summary>Encodes the model into a file, replacing it.</summary>
    public void Save(string path) => File.WriteAllBytes(path, ToBytes());

    private void Define(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (!_values.Add(name))
        {
            throw new ArgumentException($"The value '{name}' is defined twice.", nameof(name));
        }
    }

    private static ProtobufWriter ValueInfo(string name, OnnxElementType type, OnnxDimension[]? shape)
    {
        ProtobufWriter tensor = new ProtobufWriter().WriteInt64(1, (long)type);
        if (shape is not null)
        {
            tensor.WriteMessage(2, Shape(shape));
        }

        return new ProtobufWriter().WriteString(1, name).WriteMessage(2, new ProtobufWriter().WriteMessage(1, tensor));
    }

    private static ProtobufWriter Shape(OnnxDimension[] dimensions)
    {
        var shape = new ProtobufWriter();
        foreach (OnnxDimension dimension in dimensions)
        {
            var content = new ProtobufWriter();
            if (dimension.Size is long size)
            {
                content.WriteInt64(1, size);
            }
            else if (dimension.Name is string name)
            {
                content.WriteString(2, name);
            }

            shape.WriteMessage(1, content);
        }

        return shape;
    }
}
