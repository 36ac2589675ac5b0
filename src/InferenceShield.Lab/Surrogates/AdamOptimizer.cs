using System.Numerics;

namespace InferenceShield.Lab;

/// <summary>Adam (Kingma and Ba, 2015) over one flat array of parameters.</summary>
internal sealed class AdamOptimizer(int parameterCount)
{
    private const float Decay1 = 0.9f;
    private const float Decay2 = 0.999f;
    private const float Epsilon = 1e-8f;

    private readonly float[] _mean = new float[parameterCount];
    private readonly float[] _square = new float[parameterCount];
    private int _step;

    /// <summary>Moves the parameters against the gradient.</summary>
    public void Step(Span<float> parameters, ReadOnlySpan<float> gradient, float learningRate)
    {
        _step++;
        float correction1 = 1f - MathF.Pow(Decay1, _step);
        float correction2 = MathF.Sqrt(1f - MathF.Pow(Decay2, _step));
        float epsilon = Epsilon * correction2;
        float rate = -learningRate * correction2 / correction1;

        // mean += (1 - decay1)(gradient - mean), square += (1 - decay2)(gradient² - square), in one pass and without
        // fused operations: the bits are those of a chain of whole-array operations.
        Span<float> means = _mean.AsSpan(0, parameters.Length);
        Span<float> squares = _square.AsSpan(0, parameters.Length);
        gradient = gradient[..parameters.Length];
        int i = 0;
        for (; i <= parameters.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector<float> slope = new(gradient[i..]);
            Vector<float> mean = new(means[i..]);
            Vector<float> square = new(squares[i..]);
            mean = ((slope - mean) * (1f - Decay1)) + mean;
            square = (((slope * slope) - square) * (1f - Decay2)) + square;
            mean.CopyTo(means[i..]);
            square.CopyTo(squares[i..]);
            Vector<float> change = mean / (Vector.SquareRoot(square) + new Vector<float>(epsilon));
            ((change * rate) + new Vector<float>(parameters[i..])).CopyTo(parameters[i..]);
        }

        for (; i < parameters.Length; i++)
        {
            float slope = gradient[i];
            means[i] = ((slope - means[i]) * (1f - Decay1)) + means[i];
            squares[i] = (((slope * slope) - squares[i]) * (1f - Decay2)) + squares[i];
            parameters[i] = (means[i] / (MathF.Sqrt(squares[i]) + epsilon) * rate) + parameters[i];
        }
    }
}
