using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>How far a row lies from benign inputs: within their principal directions, and away from them.</summary>
internal sealed class InputReach
{
    private readonly InputSpace _space;
    private readonly float[] _coefficients;
    private readonly float[] _offsets;

    /// <param name="space">Of benign inputs.</param>
    public InputReach(InputSpace space)
    {
        _space = space;
        _coefficients = new float[space.DirectionCount * space.Width];
        _offsets = new float[space.DirectionCount];
        for (int k = 0; k < space.DirectionCount; k++)
        {
            _offsets[k] = Prepare(space, space.Direction(k), _coefficients.AsSpan(k * space.Width, space.Width));
        }
    }

    /// <summary>Turns a direction of scaled differences into one of rows.</summary>
    /// <returns>What is to be added to the inner product of it and a row.</returns>
    public static float Prepare(InputSpace space, ReadOnlySpan<float> direction, Span<float> coefficients)
    {
        double offset = 0;
        for (int i = 0; i < coefficients.Length; i++)
        {
            coefficients[i] = direction[i] * space.Scale[i];
            offset -= (double)coefficients[i] * space.Mean[i];
        }

        return (float)offset;
    }

    /// <param name="row">Folded.</param>
    /// <returns>The squared whitened distance within the directions; the squared distance from the space that they span.</returns>
    public (double Inner, double Outer) Measure(ReadOnlySpan<float> row)
    {
        Span<float> along = stackalloc float[InputSpace.MostDirections];
        along = along[.._offsets.Length];
        RowDots.Fill(row, _coefficients, along);
        double inner = 0;
        double outer = WhitenedNorm.SquareDiagonal(row, _space.Mean, _space.Scale);
        for (int k = 0; k < along.Length; k++)
        {
            double distance = along[k] + _offsets[k];
            double whitened = distance / _space.Deviations[k];
            inner += whitened * whitened;
            outer -= distance * distance;
        }

        return (inner, outer);
    }
}
