using System.Numerics.Tensors;

namespace InferenceShield.Lab;

/// <summary>Gradient descent with Polyak's momentum of .9 over one flat array of parameters.</summary>
internal sealed class MomentumOptimizer(int parameterCount)
{
    private const float Momentum = 0.9f;

    private readonly float[] _velocity = new float[parameterCount];

    /// <summary>Moves the parameters against the gradient.</summary>
    public void Step(Span<float> parameters, ReadOnlySpan<float> gradient, float learningRate)
    {
        TensorPrimitives.MultiplyAdd(_velocity, Momentum, gradient, _velocity);
        TensorPrimitives.MultiplyAdd(_velocity, -learningRate, parameters, parameters);
    }
}
