using InferenceShield.OnnxRuntime.Numerics;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace InferenceShield.OnnxRuntime;

/// <summary>The cells that the rows of a session's calls lie in, for noise that belongs to them. Immutable and thread-safe.</summary>
internal sealed class SessionCells
{
    private readonly InputCells _cells;
    private readonly int _bits;

    private SessionCells(InputCells cells, int bits, int input)
    {
        _cells = cells;
        _bits = bits;
        Input = input;
    }

    /// <summary>The number of the input whose rows have cells: that which counts rows.</summary>
    public int Input { get; }

    /// <summary>The cells that the options name; null if they name none.</summary>
    /// <exception cref="ModelFileException">The model's input has no such cells, or an output's noise needs cells and there are none.</exception>
    public static SessionCells? TryMake(ModelSignature signature, Shield shield, ShieldedSessionOptions options)
    {
        if (options.InputCells is not { } cells)
        {
            return shield.FindOutputByCell(NoiseCell.Input) is not { } output ? null : throw new ModelFileException(
                $"The noise of output '{output}' of model '{shield.Name}' belongs to cells of the input (NoiseCell Input), and the session has none. Call ShieldedSessionOptions.UseInputCells, or set NoiseCell to Output.");
        }

        int input = Math.Max(0, signature.RowInput);
        ModelTensor tensor = signature.Inputs[input];
        long width = 1;
        foreach (long dimension in signature.RowInput >= 0 ? tensor.Dimensions[1..] : tensor.Dimensions)
        {
            width = dimension < 1 || width > int.MaxValue ? 0 : width * dimension;
        }

        return tensor.ElementType == TensorElementType.Float && width == cells.Length
            ? new SessionCells(cells, options.InputCellBits, input)
            : throw new ModelFileException($"The input '{tensor}' has no rows of {cells.Length} float32 numbers, which the session's input cells are of. Make them for its rows.");
    }

    public InputCell Find(ReadOnlySpan<byte> row) => _cells.Find(PinnedBuffer.Cast<float>(row)).Prefix(_bits);
}
