using InferenceShield.OnnxRuntime;

namespace InferenceShield.Samples.FashionApi;

/// <summary>What a caller has to know of a model.</summary>
internal sealed record ModelDescription(string Name, TensorDescription[] Inputs, TensorDescription[] Outputs, string[] Labels)
{
    public static ModelDescription Of(ServedModel model) => new(
        model.Session.Shield.Name,
        [.. model.Session.Inputs.Select(TensorDescription.Of)],
        [.. model.Session.Outputs.Select(TensorDescription.Of)],
        model.Labels);
}
