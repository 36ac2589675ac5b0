namespace InferenceShield.Lab;

/// <summary>What the backward pass of a layer reads.</summary>
internal readonly ref struct LayerValues(
    ReadOnlySpan<float> parameters, ReadOnlySpan<float> input, ReadOnlySpan<float> output, ReadOnlySpan<float> outputGradient)
{
    public ReadOnlySpan<float> Parameters { get; } = parameters;

    public ReadOnlySpan<float> Input { get; } = input;

    public ReadOnlySpan<float> Output { get; } = output;

    public ReadOnlySpan<float> OutputGradient { get; } = outputGradient;
}
