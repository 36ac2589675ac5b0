namespace InferenceShield.Lab;

/// <summary>A clean target whose answers leave through a release: what a thief sees of a policy, without a server around it.</summary>
public sealed class ReleaseOracle : IOracle
{
    private readonly IClassifier _target;
    private readonly IRelease _release;

    /// <summary>Puts a release before a target.</summary>
    public ReleaseOracle(IClassifier target, IRelease release)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(release);
        _target = target;
        _release = release;
    }

    /// <inheritdoc/>
    public int InputLength => _target.InputLength;

    /// <inheritdoc/>
    public int AnswerLength => _target.ClassCount;

    /// <summary>A clock of its own that jumps: nobody waits for real on a target in the same process.</summary>
    public TimeProvider Time { get; } = new SimulatedTimeProvider();

    /// <inheritdoc/>
    public ValueTask<OracleReply> AskAsync(ReadOnlyMemory<float> inputs, Memory<float> answers, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        int rows = inputs.Length / InputLength;
        Memory<float> released = answers[..(rows * AnswerLength)];
        _target.Classify(inputs.Span, released.Span);
        _release.Apply(inputs.Span, released.Span.ToArray(), AnswerLength, released.Span);
        return ValueTask.FromResult(new OracleReply(rows));
    }
}
