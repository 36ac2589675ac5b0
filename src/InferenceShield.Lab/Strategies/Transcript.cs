namespace InferenceShield.Lab;

/// <summary>What a thief asked and what he was answered, in order; and what it cost.</summary>
/// <remarks>Grows as he asks. Not thread-safe.</remarks>
public sealed class Transcript
{
    private readonly List<float> _inputs = [];
    private readonly List<float> _answers = [];

    /// <summary>An empty transcript.</summary>
    /// <param name="inputLength">Values in a row of input.</param>
    /// <param name="answerLength">Values in an answer.</param>
    public Transcript(int inputLength, int answerLength)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(inputLength, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(answerLength, 1);
        InputLength = inputLength;
        AnswerLength = answerLength;
    }

    /// <summary>Values in a row of input.</summary>
    public int InputLength { get; }

    /// <summary>Values in an answer.</summary>
    public int AnswerLength { get; }

    /// <summary>Rows that were answered.</summary>
    public int Count => _inputs.Count / InputLength;

    /// <summary>The inputs that were answered, row after row.</summary>
    public ReadOnlySpan<float> Inputs => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_inputs);

    /// <summary>Their answers, row after row.</summary>
    public ReadOnlySpan<float> Answers => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_answers);

    /// <summary>Adds rows and their answers.</summary>
    /// <exception cref="ArgumentException">The two are not equally many.</exception>
    public void Add(ReadOnlySpan<float> inputs, ReadOnlySpan<float> answers)
    {
        if (inputs.Length % InputLength != 0 || answers.Length % AnswerLength != 0 || inputs.Length / InputLength != answers.Length / AnswerLength)
        {
            throw new ArgumentException($"{inputs.Length} values of input and {answers.Length} of answers are not equally many rows of {InputLength} and {AnswerLength}.", nameof(answers));
        }

        _inputs.AddRange(inputs);
        _answers.AddRange(answers);
    }
}
