using InferenceShield.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace InferenceShield.Lab;

/// <summary>A <see cref="ShieldedSession"/> in this process as one caller sees it: one float32 input, one of the released outputs.</summary>
/// <remarks>A batch is asked in calls of a few rows. What admission refuses ends the batch; <see cref="Admission.Delay"/> is waited
/// for on the shield's clock and reported. Not thread-safe; several oracles may share a session.</remarks>
public sealed class ShieldedSessionOracle : IOracle, IDisposable
{
    private readonly ShieldedSession _session;
    private readonly ShieldedRequest _request;
    private readonly CallerKey _key;
    private readonly CallerHandle? _handle;
    private readonly string _input;
    private readonly string _output;
    private readonly long[] _shape;
    private readonly int _rowsPerCall;

    /// <summary>Asks as a caller.</summary>
    /// <param name="session">The session. Not disposed with the oracle.</param>
    /// <param name="caller">Who asks.</param>
    /// <param name="output">The output that the attacker reads; <see langword="null"/> where the session releases only one.</param>
    /// <param name="rowsPerCall">Rows in a call, at least 1; no more than the shield takes at once.</param>
    /// <param name="time">The clock that the shield was built with; <see langword="null"/> for <see cref="TimeProvider.System"/>.</param>
    /// <exception cref="ArgumentException">The model has not one float32 input with rows of a fixed size, or no such output.</exception>
    public ShieldedSessionOracle(ShieldedSession session, CallerKey caller, string? output = null, int rowsPerCall = 32, TimeProvider? time = null)
        : this(session, caller, null, output, rowsPerCall, time)
    {
    }

    /// <summary>Asks as a caller with a tenant or a network, whose limits apply too.</summary>
    /// <inheritdoc cref="ShieldedSessionOracle(ShieldedSession, CallerKey, string?, int, TimeProvider?)"/>
    public ShieldedSessionOracle(ShieldedSession session, CallerHandle caller, string? output = null, int rowsPerCall = 32, TimeProvider? time = null)
        : this(session, default, caller ?? throw new ArgumentNullException(nameof(caller)), output, rowsPerCall, time)
    {
    }

    private ShieldedSessionOracle(ShieldedSession session, CallerKey key, CallerHandle? handle, string? output, int rowsPerCall, TimeProvider? time)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentOutOfRangeException.ThrowIfLessThan(rowsPerCall, 1);
        _session = session;
        _key = key;
        _handle = handle;
        Time = time ?? TimeProvider.System;
        if (session.Inputs is not [{ ElementType: TensorElementType.Float } input])
        {
            throw new ArgumentException($"The oracle asks models with one float32 input; this one takes: {string.Join("; ", session.Inputs)}.", nameof(session));
        }

        ModelTensor answer = FindOutput(session, output);
        _input = input.Name;
        _output = answer.Name;
        InputLength = RowLength(input, nameof(session));
        AnswerLength = RowLength(answer, nameof(output));
        _shape = [.. input.Dimensions];
        _rowsPerCall = _shape[0] > 0 ? (int)_shape[0] : rowsPerCall;
        if (_shape[0] > 1)
        {
            throw new ArgumentException($"The input {input} takes exactly {_shape[0]} rows a call; the oracle asks any number. Export the model with a dynamic first dimension.", nameof(session));
        }

        _request = session.CreateRequest();
    }

    /// <inheritdoc/>
    public int InputLength { get; }

    /// <inheritdoc/>
    public int AnswerLength { get; }

    /// <inheritdoc/>
    public TimeProvider Time { get; }

    /// <inheritdoc/>
    /// <exception cref="InvalidQueryException">A row is at fault, or <c>rowsPerCall</c> is more than the shield takes at once.</exception>
    public async ValueTask<OracleReply> AskAsync(ReadOnlyMemory<float> inputs, Memory<float> answers, CancellationToken cancellationToken)
    {
        int rows = inputs.Length / InputLength;
        TimeSpan delay = TimeSpan.Zero;
        for (int asked = 0; asked < rows; asked += _rowsPerCall)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int count = Math.Min(_rowsPerCall, rows - asked);
            Admission admission = Run(inputs.Span.Slice(asked * InputLength, count * InputLength), count, cancellationToken);
            if (!admission.IsAdmitted)
            {
                return new OracleReply(asked, admission.RetryAfter, delay, rows - asked - count, admission.WaitingHelps);
            }

            _request.GetOutput(_output).CopyTo(answers.Span.Slice(asked * AnswerLength, count * AnswerLength));
            delay += admission.Delay;
            await Time.WaitAsync(admission.Delay, cancellationToken).ConfigureAwait(false);
        }

        return new OracleReply(rows, Delay: delay);
    }

    /// <summary>Frees the tensors of its calls. The session stays.</summary>
    public void Dispose() => _request.Dispose();

    private Admission Run(ReadOnlySpan<float> inputs, int rows, CancellationToken cancellationToken)
    {
        _shape[0] = rows;
        _request.SetInput(_input, inputs, _shape);
        return _handle is null ? _session.Run(_key, _request, cancellationToken) : _session.Run(_handle, _request, cancellationToken);
    }

    private static ModelTensor FindOutput(ShieldedSession session, string? output)
    {
        ModelTensor[] fitting = [.. session.Outputs.Where(tensor => output is null || tensor.Name == output)];
        return fitting is [ModelTensor only]
            ? only
            : throw new ArgumentException(
                $"{(output is null ? "Name the output to read" : $"There is no output '{output}'")}; the session releases: {string.Join("; ", session.Outputs)}.", nameof(output));
    }

    private static int RowLength(ModelTensor tensor, string parameter)
    {
        ReadOnlySpan<long> dimensions = tensor.Dimensions.AsSpan();
        if (dimensions.Length < 2 || dimensions[1..].ContainsAnyInRange(long.MinValue, 0))
        {
            throw new ArgumentException($"The rows of {tensor} have no fixed size.", parameter);
        }

        long length = 1;
        foreach (long dimension in dimensions[1..])
        {
            length = checked(length * dimension);
        }

        return checked((int)length);
    }
}
