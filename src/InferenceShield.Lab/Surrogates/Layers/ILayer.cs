namespace InferenceShield.Lab;

/// <summary>A differentiable step. It holds no values: weights, activations and gradients are handed in, so threads share layers.</summary>
internal interface ILayer
{
    /// <summary>Values of one sample that go in. Images lie as height, width, channel.</summary>
    int InputLength { get; }

    /// <summary>Values of one sample that come out.</summary>
    int OutputLength { get; }

    /// <summary>Trainable values: the weights (inputs x outputs), then the biases.</summary>
    int ParameterCount { get; }

    /// <summary>Working memory needed by a call.</summary>
    int ScratchLength { get; }

    /// <summary>Fills the parameters with their starting values.</summary>
    void Initialize(Span<float> parameters, ref SeededRandom random);

    /// <summary>Computes the output of <paramref name="samples"/> samples.</summary>
    void Forward(int samples, ReadOnlySpan<float> parameters, ReadOnlySpan<float> input, Span<float> output, Span<float> scratch);

    /// <summary>Adds to the parameter gradient and, unless it is empty, writes the input gradient.</summary>
    void Backward(int samples, in LayerValues values, Span<float> parameterGradient, Span<float> inputGradient, Span<float> scratch);
}
