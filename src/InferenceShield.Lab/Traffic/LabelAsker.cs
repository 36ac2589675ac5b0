using System.Numerics.Tensors;

namespace InferenceShield.Lab;

/// <summary>Asks one row after another and reads labels, until a budget is spent.</summary>
internal sealed class LabelAsker(IOracle oracle, QueryContext context)
{
    private readonly float[] _answer = new float[oracle.AnswerLength];

    public Transcript Transcript { get; } = new(oracle.InputLength, oracle.AnswerLength);

    /// <summary>Queries that are left.</summary>
    public int Remaining { get; private set; } = context.Budget;

    /// <summary>The label of a row; -1 where the budget is spent or the row was refused.</summary>
    public async ValueTask<int> AskAsync(ReadOnlyMemory<float> row, CancellationToken cancellationToken)
    {
        if (Remaining == 0)
        {
            return -1;
        }

        Remaining--;
        OracleReply reply = await oracle.AskAsync(row, _answer, cancellationToken).ConfigureAwait(false);
        if (reply.Answered == 0)
        {
            return -1;
        }

        Transcript.Add(row.Span, _answer);
        return TensorPrimitives.IndexOfMax<float>(_answer);
    }

    /// <summary>Halves the line between two rows of different labels, which are moved towards where the label changes.</summary>
    public async ValueTask BisectAsync(float[] row, int label, float[] other, int halvings, CancellationToken cancellationToken)
    {
        for (int i = 0; i < halvings && Remaining > 0; i++)
        {
            float[] middle = new float[row.Length];
            TensorPrimitives.Add(row, other, middle);
            TensorPrimitives.Multiply(middle, 0.5f, middle);
            int found = await AskAsync(middle, cancellationToken).ConfigureAwait(false);
            middle.CopyTo(found == label ? row : other, 0);
        }
    }
}
