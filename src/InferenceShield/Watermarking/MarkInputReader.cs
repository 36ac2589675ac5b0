using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>Reads what marks need of input rows: the shield with its own key, a verifier with any. Immutable and thread-safe.</summary>
/// <param name="key">Keys digests and projections.</param>
/// <param name="inputs">Marks that are placed among benign inputs; null without any.</param>
/// <param name="inputStep">To which values are rounded for triggers; 0 without triggers.</param>
internal sealed class MarkInputReader(MarkKey key, InputMarks? inputs, double inputStep)
{
    /// <summary>Marks that are placed among benign inputs; null without any.</summary>
    public InputMarks? Inputs => inputs;

    /// <summary>Whether answers tell who asked.</summary>
    public bool HasPayload => inputs?.Payload is not null;

    /// <summary>Reads one row.</summary>
    /// <param name="row">As the model gets it.</param>
    /// <param name="cell">Passed on.</param>
    public MarkInput Read(ReadOnlySpan<float> row, InputCell cell = default)
    {
        MarkInput input = new()
        {
            Exact = MarkDigest.OfExact(key.Inputs, row),
            Quantised = inputStep > 0 ? MarkDigest.OfQuantised(key.Inputs, row, inputStep) : default,
            Cell = cell,
        };
        return inputs is null ? input : inputs.Read(row, input);
    }

    /// <summary>Takes in a row of one more of the model's inputs. Projection and trap stay those of the first.</summary>
    public MarkInput Append(in MarkInput before, ReadOnlySpan<float> row) => before with
    {
        Exact = Chain(before.Exact, MarkDigest.OfExact(key.Inputs, row)),
        Quantised = inputStep > 0 ? Chain(before.Quantised, MarkDigest.OfQuantised(key.Inputs, row, inputStep)) : default,
    };

    private Hash128 Chain(Hash128 before, Hash128 next)
    {
        Hash128 half = SipHash.Hash(key.Inputs, before.Low, before.High, next.Low);
        return SipHash.Hash(key.Inputs, half.Low, half.High, next.High);
    }
}
