namespace InferenceShield.Lab;

/// <summary>Asks an oracle within a budget, counts, and refuses to go on with answers that are no distributions.</summary>
internal sealed class ExactQueries(DoubleOracle oracle, int budget)
{
    /// <summary>Queries asked so far, refused ones included.</summary>
    public long Queries { get; private set; }

    /// <summary>Queries held back for the check at the end.</summary>
    public int Kept { get; set; }

    /// <summary>Queries that are left, less those held back.</summary>
    public int Left => budget - (int)Queries - Kept;

    /// <summary>Why the last batch was not answered.</summary>
    public string Stop { get; private set; } = "";

    /// <summary>Asks rows. Null where the budget does not reach for all of them or one was refused: <see cref="Stop"/> says which.</summary>
    public async ValueTask<double[]?> AskAsync(ReadOnlyMemory<double> inputs, CancellationToken cancellationToken)
    {
        int rows = inputs.Length / oracle.InputLength;
        if (rows > Left)
        {
            Stop = $"the budget of {budget} queries was spent";
            return null;
        }

        double[] answers = new double[rows * oracle.AnswerLength];
        int answered = await oracle.AskAsync(inputs, answers, cancellationToken).ConfigureAwait(false);
        int wrong = answers.AsSpan(0, answered * oracle.AnswerLength).IndexOfAnyExceptInRange(0, double.MaxValue);
        if (wrong >= 0)
        {
            throw new InvalidDataException(
                $"The answer to query {Queries + (wrong / oracle.AnswerLength)} is {answers[wrong]} for class {wrong % oracle.AnswerLength}; "
                + "exact attacks need distributions, finite and not negative.");
        }

        Queries += rows;
        if (answered < rows)
        {
            Stop = $"the oracle refused {rows - answered} of {rows} rows after {Queries} queries";
            return null;
        }

        return answers;
    }

    /// <summary>The result of an attack that could not ask what it had to.</summary>
    public ExactResult Stopped(string attack, IClassifier? copy = null, double residual = double.NaN) =>
        new(attack, false, copy, residual, Queries, $"Not recovered: {Stop}.");
}
