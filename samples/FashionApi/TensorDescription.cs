using System.Collections.Immutable;
using InferenceShield.OnnxRuntime;

namespace InferenceShield.Samples.FashionApi;

/// <summary>An input or an output; -1 in the shape stands for the rows of a call.</summary>
internal sealed record TensorDescription(string Name, string Type, ImmutableArray<long> Shape)
{
    public static TensorDescription Of(ModelTensor tensor) => new(tensor.Name, tensor.ElementType.ToString(), tensor.Dimensions);
}
