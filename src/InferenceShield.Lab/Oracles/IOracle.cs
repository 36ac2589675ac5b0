namespace InferenceShield.Lab;

/// <summary>What the attacker sees of a model: rows in, released answers out, refusals and delays included.</summary>
/// <remarks>One row is one query. Implementations need not be thread-safe: an attacker asks one batch after another.</remarks>
public interface IOracle
{
    /// <summary>Values in a row of input.</summary>
    int InputLength { get; }

    /// <summary>Values in an answer.</summary>
    int AnswerLength { get; }

    /// <summary>The clock by which the oracle refuses and delays, and on which its askers wait.</summary>
    /// <value>The default is <see cref="TimeProvider.System"/>. An oracle around another has the other's, else whoever waits on it waits for real.</value>
    TimeProvider Time => TimeProvider.System;

    /// <summary>Asks a batch.</summary>
    /// <param name="inputs">Rows of <see cref="InputLength"/>, one after another.</param>
    /// <param name="answers">Receives the answers of the first <see cref="OracleReply.Answered"/> rows, each of <see cref="AnswerLength"/>; what lies behind them is undefined.</param>
    /// <param name="cancellationToken">Ends the asking.</param>
    /// <returns>How many rows were answered, and what a refusal said.</returns>
    ValueTask<OracleReply> AskAsync(ReadOnlyMemory<float> inputs, Memory<float> answers, CancellationToken cancellationToken);
}
