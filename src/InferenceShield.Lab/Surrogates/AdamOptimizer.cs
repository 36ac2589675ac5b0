using System.Numerics.Tensors;

namespace InferenceShield.Lab;

/// <summary>Adam (Kingma and Ba, 2015) over one flat array of parameters.</summary>
internal sealed class AdamOptimizer(int parameterCount)
{
    private const float Decay1 = 0.9f;
    private const float Decay2 = 0.999f;
    private const float Epsilon = 1e-8f;

    private readonly float[] _mean = new float[parameterCount];
    private readonly float[] _square = new float[parameterCount];
    private readonly float[] _change = new float[parameterCount];
    private int _step;

    /// <summary>Moves the parameters against the gradient. The gradient is used up.</summary>
    public void Step(Span<float> parameters, Span<float> gradient, float learningRate)
    {
        _step++;

        // mean += (1 - decay1)(gradient - mean), square += (1 - decay2)(gradient² - square)
        TensorPrimitives.Subtract(gradient, _mean, _change);
        TensorPrimitives.MultiplyAdd(_change, 1f - Decay1, _mean, _mean);
        TensorPrimitives.Multiply(gradient, gradient, gradient);
        TensorPrimitives.Subtract(gradient, _square, _change);
        TensorPrimitives.MultiplyAdd(_change, 1f - Decay2, _square, _square);

        float correction1 = 1f - MathF.Pow(Decay1, _step);
        float correction2 = MathF.Sqrt(1f - MathF.Pow(Decay2, _step));
        TensorPrimitives.Sqrt(_square, _change);
        TensorPrimitives.Add(_change, Epsilon * correction2, _change);
        TensorPrimitives.Divide(_mean, _change, _change);
        TensorPrimitives.MultiplyAdd(_change, -learningRate * correction2 / correction1, parameters, parameters);
    }
}
