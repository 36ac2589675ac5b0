using System.Numerics.Tensors;

namespace InferenceShield.Benchmarks.Support;

/// <summary>The default plan as a careful user writes it: TensorPrimitives for the passes, LINQ for the ranking, buffers kept.</summary>
/// <remarks>Keeps the same promises as long as floats suffice: finite, on the grid, sum 1, one strict maximum. Its bits depend on
/// the width of the machine's vectors.</remarks>
internal sealed class CarefulRounding(int classes)
{
    private const int Units = 100;

    private readonly float[] _exact = new float[classes];
    private readonly float[] _steps = new float[classes];
    private readonly float[] _remainders = new float[classes];

    public void Harden(float[] logits, float[] released)
    {
        if (!TensorPrimitives.IsFiniteAll<float>(logits))
        {
            throw new InvalidOperationException("A score is not finite.");
        }

        int top = TensorPrimitives.IndexOfMax(logits);
        TensorPrimitives.Subtract(logits, logits[top], _exact);
        TensorPrimitives.Exp(_exact, _exact);
        TensorPrimitives.Multiply(_exact, Units / TensorPrimitives.Sum(_exact), _exact);
        TensorPrimitives.Floor(_exact, _steps);
        TensorPrimitives.Subtract(_exact, _steps, _remainders);
        int missing = Units - (int)TensorPrimitives.Sum(_steps);
        foreach (int i in Enumerable.Range(0, classes).OrderByDescending(i => _remainders[i]).Take(missing))
        {
            _steps[i]++;
        }

        for (int i = 0; i < classes; i++)
        {
            if (i != top && _steps[i] > 0 && _steps[i] >= _steps[top])
            {
                _steps[i]--;
                _steps[top]++;
            }
        }

        TensorPrimitives.Divide(_steps, Units, released);
    }
}
