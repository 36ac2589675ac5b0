using InferenceShield.OnnxRuntime.Numerics;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace InferenceShield.OnnxRuntime;

/// <content>What is read of the rows of inputs.</content>
public sealed partial class ShieldedRequest
{
    private InputDigest[] _digests = [];
    private InputCell[] _cells = [];
    private float[] _singles = [];
    private QuerySignals[] _measured = [];
    private MarkInput[] _marks = [];
    private byte[] _joined = [];
    private int[] _context = [];
    private int _contextLength;

    /// <summary>Sets the tokens before the one that the next call's row of logits is of, for an output with a mark of tokens.</summary>
    /// <param name="tokens">In their order; copied. The last few count: see <see cref="TokenWatermark.ContextLength"/>. None, for the start of a text,
    /// is a context, too.</param>
    /// <remarks>For one call of one row: after a call that was answered it has to be set again, so that no row is marked by the context of another.</remarks>
    public void SetContext(ReadOnlySpan<int> tokens)
    {
        Take(); // a call may be reading what is there
        try
        {
            if (_context.Length < tokens.Length)
            {
                _context = new int[Math.Max(tokens.Length, 2 * _context.Length)];
            }

            tokens.CopyTo(_context);
            _contextLength = tokens.Length;
            HasContext = true;
        }
        finally
        {
            GiveBack();
        }
    }

    /// <summary>Whether the next call has a context, were it empty.</summary>
    internal bool HasContext { get; private set; }

    /// <summary>The tokens before.</summary>
    internal ReadOnlySpan<int> Context => _context.AsSpan(0, _contextLength);

    /// <summary>Before anything is charged: are the tokens before there, for one row, if an output's mark needs them?</summary>
    /// <exception cref="InvalidOperationException">They are not there.</exception>
    /// <exception cref="InvalidQueryException">There are several rows.</exception>
    internal void RequireContext(Shield shield)
    {
        if (shield.FindOutputByContext() is not { } output)
        {
            return;
        }

        if (!HasContext)
        {
            throw new InvalidOperationException(
                $"Output '{output}' carries a mark of tokens, and this call has not given the tokens before. Nothing was asked. Use a request (CreateRequest) and call SetContext on it before each call, or remove GreenList and Tournament from the output's Watermark.");
        }

        if (Rows != 1)
        {
            throw new InvalidQueryException($"The call has {Rows} rows; output '{output}' carries a mark of tokens, which takes one row a call, with its own context.");
        }
    }

    /// <summary>The admission of a call of this request.</summary>
    internal Admission Treat(in Admission admission) => Unmarked ? admission.WithoutMarks() : admission;

    /// <summary>One digest a row, over all inputs. Inputs that are not divided into rows belong to every row.</summary>
    internal ReadOnlySpan<InputDigest> DigestRows(Shield shield)
    {
        if (_digests.Length < Rows)
        {
            _digests = new InputDigest[Rows];
        }

        for (int row = 0; row < Rows; row++)
        {
            InputDigest digest = shield.Digest(RowOf(_inputs[0], row));
            for (int i = 1; i < _inputs.Length; i++)
            {
                digest = shield.Digest(digest, RowOf(_inputs[i], row));
            }

            _digests[row] = digest;
        }

        return _digests.AsSpan(0, Rows);
    }

    /// <summary>The digests of the call's rows, once they were taken.</summary>
    internal ReadOnlySpan<InputDigest> Digests => _digests.AsSpan(0, Rows);

    /// <summary>The cell of each row.</summary>
    internal ReadOnlySpan<InputCell> FindCells(SessionCells cells)
    {
        if (_cells.Length < Rows)
        {
            _cells = new InputCell[Rows];
        }

        for (int row = 0; row < Rows; row++)
        {
            _cells[row] = cells.Find(RowOf(_inputs[cells.Input], row));
        }

        return _cells.AsSpan(0, Rows);
    }

    /// <summary>The numbers of an input, row after row.</summary>
    internal ReadOnlySpan<float> ToSingles(int index)
    {
        RequestInput input = _inputs[index];
        if (input.Tensor.ElementType == TensorElementType.Float)
        {
            return PinnedBuffer.Cast<float>(input.Bytes);
        }

        int elements = input.Bytes.Length / ElementTypes.SizeOf(input.Tensor.ElementType);
        if (_singles.Length < elements)
        {
            _singles = new float[elements];
        }

        ElementTypes.ToSingle(input.Tensor.ElementType, input.Bytes, _singles);
        return _singles.AsSpan(0, elements);
    }

    /// <summary>What marks need of each row: of the input that counts rows, then of the others.</summary>
    /// <param name="plan">That of the call.</param>
    /// <param name="first">The number of the input that counts rows.</param>
    /// <param name="cells">One for each row, or none.</param>
    internal ReadOnlySpan<MarkInput> ReadMarks(ShieldPlan plan, int first, ReadOnlySpan<InputCell> cells)
    {
        if (_marks.Length < Rows)
        {
            _marks = new MarkInput[Rows];
        }

        ReadOnlySpan<float> values = ToSingles(first);
        for (int row = 0; row < Rows; row++)
        {
            _marks[row] = plan.MarkInputs.Read(RowOf(values, _inputs[first], row), cells.IsEmpty ? default : cells[row]);
        }

        for (int input = 0; input < _inputs.Length; input++)
        {
            if (input != first)
            {
                values = ToSingles(input); // over those before, where they had to be converted
                for (int row = 0; row < Rows; row++)
                {
                    _marks[row] = plan.MarkInputs.Append(in _marks[row], RowOf(values, _inputs[input], row));
                }
            }
        }

        return _marks.AsSpan(0, Rows);
    }

    /// <summary>The bytes of each row, those of all inputs one after another.</summary>
    internal ReadOnlySpan<byte> JoinRows()
    {
        if (_inputs.Length == 1)
        {
            return _inputs[0].Bytes;
        }

        int length = 0;
        foreach (RequestInput input in _inputs)
        {
            length += RowOf(input, 0).Length;
        }

        if (_joined.Length < length * Rows)
        {
            _joined = new byte[length * Rows];
        }

        int end = 0;
        for (int row = 0; row < Rows; row++)
        {
            foreach (RequestInput input in _inputs)
            {
                ReadOnlySpan<byte> part = RowOf(input, row);
                part.CopyTo(_joined.AsSpan(end));
                end += part.Length;
            }
        }

        return _joined.AsSpan(0, end);
    }

    /// <summary>Room for what detection measures of the call's rows.</summary>
    internal Span<QuerySignals> MakeMeasured()
    {
        if (_measured.Length < Rows)
        {
            _measured = new QuerySignals[Rows];
        }

        return _measured.AsSpan(0, Rows);
    }

    /// <summary>What detection measured of the call's rows.</summary>
    internal ReadOnlySpan<QuerySignals> Measured => _measured.AsSpan(0, Rows);

    private ReadOnlySpan<byte> RowOf(RequestInput input, int row) => RowOf(input.Bytes, input, row);

    private ReadOnlySpan<T> RowOf<T>(ReadOnlySpan<T> elements, RequestInput input, int row)
    {
        if (Rows == 1 || input.Shape.Length == 0 || input.Shape[0] != Rows)
        {
            return elements;
        }

        int width = elements.Length / Rows;
        return elements.Slice(row * width, width);
    }
}
