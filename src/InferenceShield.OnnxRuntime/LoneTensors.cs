using System.Collections.Immutable;
using System.Globalization;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace InferenceShield.OnnxRuntime;

/// <summary>The shapes of a model simple enough for spans: one float32 input whose length tells its rows, one answer.</summary>
internal sealed class LoneTensors
{
    private readonly ModelTensor _input;
    private readonly int _width;
    private readonly bool _hasRows;
    private readonly int _fixedRows;
    private readonly ModelTensor _output;
    private readonly long _outputWidth;
    private readonly bool _knowsOutput;

    private LoneTensors(ModelTensor input, bool hasRows, int width, int fixedRows, ModelTensor output)
    {
        _input = input;
        _output = output;
        _hasRows = hasRows;
        _width = width;
        _fixedRows = fixedRows;
        bool outputHasRows = output.Dimensions.Length > 0 && output.Dimensions[0] < 0;
        _outputWidth = outputHasRows ? WidthOf(output.Dimensions[1..])
            : hasRows || output.Dimensions.IsEmpty ? 0
            : WidthOf(output.Dimensions) / fixedRows;

        // The answer's length is known before the run if its rows are the input's by name, or all is fixed; else it is checked after it.
        _knowsOutput = outputHasRows
            ? hasRows && output.Symbols[0].Length > 0 && output.Symbols[0] == input.Symbols[0]
            : _outputWidth * fixedRows == WidthOf(output.Dimensions);
    }

    public int InputWidth => _hasRows ? _width : _width / _fixedRows;

    public int OutputWidth => _outputWidth <= int.MaxValue ? (int)_outputWidth : 0;

    public int Rank => _input.Dimensions.Length;

    public static LoneTensors? TryFind(ModelSignature signature, Shield shield)
    {
        if (signature.Inputs.Length != 1 || signature.Outputs.Length != 1
            || signature.Inputs[0].ElementType != TensorElementType.Float
            || shield.GetOutputKind(0) == OutputKind.State)
        {
            return null;
        }

        ModelTensor input = signature.Inputs[0];
        bool hasRows = input.Dimensions.Length > 0 && input.Dimensions[0] < 0;
        int fixedRows = signature.RowInput >= 0 && !hasRows ? (int)input.Dimensions[0] : 1;
        long width = WidthOf(hasRows ? input.Dimensions[1..] : input.Dimensions);
        return width is > 0 and <= int.MaxValue ? new LoneTensors(input, hasRows, (int)width, fixedRows, signature.Outputs[0]) : null;
    }

    public int CountRows(int length)
    {
        int rows = length / _width;
        if (rows < 1 || rows * _width != length || (!_hasRows && rows != 1))
        {
            throw new InvalidQueryException(string.Create(CultureInfo.InvariantCulture,
                $"The input has {length:N0} numbers; the model takes {(_hasRows ? "a multiple of " : "")}{_width:N0}: {_input}."));
        }

        return _hasRows ? rows : _fixedRows;
    }

    /// <summary>Before anything is charged: does the answer fit?</summary>
    public void CheckReleased(int released, int rows)
    {
        if (_knowsOutput && _outputWidth > 0 && released != _outputWidth * rows)
        {
            throw new ArgumentException(string.Create(CultureInfo.InvariantCulture,
                $"The answer has {_outputWidth * rows:N0} numbers ({_output} for {rows} rows); the span for it has {released:N0}."), nameof(released));
        }

        if (released == 0)
        {
            throw new ArgumentException($"The span for the answer ({_output}) is empty.", nameof(released));
        }
    }

    public void FillShape(Span<long> shape, int rows)
    {
        _input.Dimensions.CopyTo(shape);
        if (_hasRows)
        {
            shape[0] = rows;
        }
    }

    /// <summary>The product of fixed dimensions; 0 if one is dynamic.</summary>
    private static long WidthOf(ImmutableArray<long> dimensions)
    {
        long width = 1;
        foreach (long dimension in dimensions)
        {
            width = dimension < 1 || width > int.MaxValue ? 0 : width * dimension;
        }

        return width;
    }
}
