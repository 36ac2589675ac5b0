using System.Collections.Immutable;
using InferenceShield.OnnxRuntime.Numerics;

namespace InferenceShield.OnnxRuntime;

/// <summary>What the answer to one row hangs on in a model's inputs, and where it lies in the outputs. Immutable.</summary>
/// <remarks>Only for models where both follow from the signature, whatever the shapes of a call: that two dimensions happen to be
/// of one size must never decide which numbers belong to a row.</remarks>
internal sealed class AnswerLayout
{
    private readonly string _model;
    private readonly ImmutableArray<ModelTensor> _inputs;
    private readonly bool[] _divided;
    private readonly int[] _widths;
    private readonly int[] _classes;
    private readonly int _words;

    /// <exception cref="ModelFileException">Answers of this model cannot be kept.</exception>
    public AnswerLayout(ModelSignature signature, Shield shield)
    {
        _model = shield.Name;
        _inputs = signature.Inputs;
        ModelTensor? rowInput = signature.RowInput >= 0 ? _inputs[signature.RowInput] : null;
        if (rowInput is { Dimensions: [> 1, ..] })
        {
            throw Unfit($"its input '{rowInput}' takes a fixed number of rows, and nothing says that they do not influence each other");
        }

        bool hasRows = rowInput is { Dimensions: [< 0, ..] };
        _divided = [.. _inputs.Select(input => hasRows && IsDivided(input, rowInput!))];
        for (int i = 0; i < _inputs.Length; i++)
        {
            _words += 2;
            for (int dimension = 0; dimension < _inputs[i].Dimensions.Length; dimension++)
            {
                _words += IsShapeWord(i, dimension) ? 1 : 0;
            }
        }

        _widths = [.. signature.Outputs.Select((output, index) => WidthOf(output, shield.GetOutputKind(index), hasRows ? rowInput : null))];
        _classes = [.. signature.Outputs.Select((output, index) => ClassesOf(output, shield.GetOutputKind(index)))];
        long width = _widths.Sum(width => (long)width);
        Width = width <= Array.MaxLength ? (int)width : throw Unfit($"the answer to one query has {width:N0} numbers");
    }

    /// <summary>Numbers of all outputs in the answer to one row.</summary>
    public int Width { get; }

    /// <summary>Numbers of each output in the answer to one row.</summary>
    public ReadOnlySpan<int> Widths => _widths;

    /// <summary>Numbers of each output that are hardened together.</summary>
    public ReadOnlySpan<int> Classes => _classes;

    /// <summary>Takes one digest a row of all that its answer is a function of: every input's numbers, and their shapes where
    /// these differ from call to call.</summary>
    public void Digest(Shield shield, ReadOnlySpan<RequestInput> inputs, int rows, RequestAnswers answers)
    {
        Span<InputDigest> digests = answers.MakeDigests(rows);
        if (_words == 2)
        {
            // One input of a fixed shape.
            for (int row = 0; row < rows; row++)
            {
                digests[row] = shield.DigestAnswer(RowOf(inputs[0], 0, row, rows));
            }

            return;
        }

        Span<ulong> words = answers.MakeWords(_words);
        FillShapes(inputs, words[(2 * inputs.Length)..]);
        for (int row = 0; row < rows; row++)
        {
            for (int i = 0; i < inputs.Length; i++)
            {
                // What belongs to every row is digested once.
                if (row == 0 || _divided[i])
                {
                    InputDigest digest = shield.DigestAnswer(RowOf(inputs[i], i, row, rows));
                    words[2 * i] = digest.Low;
                    words[(2 * i) + 1] = digest.High;
                }
            }

            digests[row] = shield.DigestAnswer(PinnedBuffer.AsBytes<ulong>(words));
        }
    }

    public ModelFileException Unfit(string why) => new(
        $"The answers of model '{_model}' cannot be cached: {why}. Leave Session:AnswerCache out.");

    private static bool SharesRows(ModelTensor tensor, int dimension, ModelTensor rowInput) =>
        rowInput.Symbols[0].Length > 0 && tensor.Symbols[dimension] == rowInput.Symbols[0];

    private static int ClassesOf(ModelTensor output, OutputKind kind) => output.Dimensions switch
    {
        [] or [< 0] => 1,
        [1] when kind == OutputKind.Regression => 1,
        [.., long last] => (int)last,
    };

    private bool IsDivided(ModelTensor input, ModelTensor rowInput)
    {
        for (int i = 1; i < input.Dimensions.Length; i++)
        {
            if (input.Dimensions[i] < 0 && SharesRows(input, i, rowInput))
            {
                throw Unfit($"its input '{input}' relates the rows of a call to each other");
            }
        }

        return input.Dimensions is [< 0, ..] && (ReferenceEquals(input, rowInput) || SharesRows(input, 0, rowInput)
            ? true
            : throw Unfit($"the first dimension of its input '{input}' is not fixed, and not named like that of '{rowInput}', which counts the rows: whether its rows are theirs cannot be told"));
    }

    private int WidthOf(ModelTensor output, OutputKind kind, ModelTensor? rowInput)
    {
        ReadOnlySpan<long> dimensions = output.Dimensions.AsSpan();
        if (kind == OutputKind.State)
        {
            throw Unfit($"its output '{output}' is State, which is not released but fed back");
        }

        if (rowInput is not null
            && (dimensions is not [< 0, ..] || (dimensions.Length == 1 && kind != OutputKind.Regression)
                || (!SharesRows(output, 0, rowInput) && IsInputDimension(output.Symbols[0]))))
        {
            throw Unfit($"its output '{output}' is not divided into the rows that its input '{rowInput}' counts");
        }

        long width = 1;
        for (int i = 0; i < dimensions.Length; i++)
        {
            if (dimensions[i] < 1 && i > 0)
            {
                throw Unfit($"dimension {i} of its output '{output}' is not fixed, and answers of one length are kept");
            }

            width = width > Array.MaxLength || dimensions[i] < 0 ? width : width * dimensions[i];
        }

        return width is > 0 && width <= Array.MaxLength ? (int)width : throw Unfit($"its output '{output}' has no length that memory holds");
    }

    private bool IsInputDimension(string symbol) => symbol.Length > 0 && _inputs.Any(input => input.Symbols.Contains(symbol));

    private bool IsShapeWord(int input, int dimension) =>
        _inputs[input].Dimensions[dimension] < 0 && !(dimension == 0 && _divided[input]);

    private void FillShapes(ReadOnlySpan<RequestInput> inputs, Span<ulong> words)
    {
        int word = 0;
        for (int i = 0; i < inputs.Length; i++)
        {
            for (int dimension = 0; dimension < inputs[i].Shape.Length; dimension++)
            {
                if (IsShapeWord(i, dimension))
                {
                    words[word++] = (ulong)inputs[i].Shape[dimension];
                }
            }
        }
    }

    private ReadOnlySpan<byte> RowOf(RequestInput input, int index, int row, int rows)
    {
        if (!_divided[index])
        {
            return input.Bytes;
        }

        int width = input.Bytes.Length / rows;
        return input.Bytes.Slice(row * width, width);
    }
}
