using System.Collections.Immutable;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace InferenceShield.OnnxRuntime;

/// <summary>An input or output of a model: name, element type and shape.</summary>
public sealed class ModelTensor
{
    internal ModelTensor(string name, NodeMetadata metadata)
    {
        Name = name;
        if (metadata.IsTensor)
        {
            ElementType = metadata.ElementDataType;
            Dimensions = [.. metadata.Dimensions.Select(dimension => (long)dimension)];
            Symbols = [.. metadata.SymbolicDimensions];
        }
    }

    /// <summary>The name.</summary>
    public string Name { get; }

    /// <summary>The element type; 0 for something that is no tensor.</summary>
    public TensorElementType ElementType { get; }

    /// <summary>The dimensions; -1 for one that differs from call to call.</summary>
    public ImmutableArray<long> Dimensions { get; } = [];

    /// <summary>The names of dynamic dimensions, empty for fixed and unnamed ones.</summary>
    internal ImmutableArray<string> Symbols { get; } = [];

    /// <summary>For example <c>image: Float [batch, 1, 28, 28]</c>.</summary>
    public override string ToString() => $"{Name}: {ElementType} [{string.Join(", ", Dimensions.Select(Describe))}]";

    private string Describe(long dimension, int index) =>
        dimension >= 0 ? dimension.ToString(System.Globalization.CultureInfo.InvariantCulture)
        : Symbols[index].Length > 0 ? Symbols[index] : "?";
}
