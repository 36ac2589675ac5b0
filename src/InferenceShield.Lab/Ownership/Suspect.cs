using System.Numerics.Tensors;

namespace InferenceShield.Lab;

/// <summary>A model that may be a copy: asked rows, it answers labels or scores.</summary>
/// <remarks>
/// An answer of one number is the index of a class. One of several numbers has one for each class, and the largest counts: scores of any kind, or 1 for
/// the label and 0 for all others. Where rows are probabilities (none negative, their sum 1) and not bare labels, tests that need scores use them.
/// For an <see cref="EmbeddingVerifier"/> an answer is an embedding, of any dimension from 2 on. Not thread-safe.
/// </remarks>
public sealed class Suspect
{
    private const float SumTolerance = 0.02f; // released probabilities may be rounded one by one

    /// <summary>A suspect behind an oracle: <see cref="HttpOracle"/> for an endpoint, <see cref="DelegateOracle"/> for a function.</summary>
    /// <param name="name">What it is called in reports: a file's name, or a host.</param>
    /// <param name="oracle">Asked one batch after another. Put <see cref="RetryOracle"/> around one that throttles.</param>
    /// <param name="isLabelOnly">Whether its scores are not to be used, as if it answered labels.</param>
    public Suspect(string name, IOracle oracle, bool isLabelOnly = false)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(oracle);
        Name = name;
        Oracle = oracle;
        IsLabelOnly = isLabelOnly;
    }

    /// <summary>What it is called in reports.</summary>
    public string Name { get; }

    /// <summary>What tells it from others of its name: the SHA-256 of a file, an address. Answers that were kept count for the same one only, and reports name it.</summary>
    /// <value>The default is empty: then only the name tells suspects apart.</value>
    public string Identity { get; init; } = "";

    /// <summary>Who is asked.</summary>
    public IOracle Oracle { get; }

    /// <summary>Whether its scores are not used.</summary>
    public bool IsLabelOnly { get; }

    /// <summary>Whether an answer is the index of a class.</summary>
    internal bool AnswersIndex => Oracle.AnswerLength == 1;

    /// <summary>A suspect in this process: an <see cref="OnnxClassifier"/>, or a <see cref="Surrogate"/>.</summary>
    /// <param name="name">What it is called in reports.</param>
    /// <param name="model">The model. Not disposed of.</param>
    /// <param name="isLabelOnly">Whether its scores are not to be used.</param>
    /// <param name="identity">As <see cref="Identity"/>.</param>
    public static Suspect Of(string name, IClassifier model, bool isLabelOnly = false, string identity = "")
    {
        ArgumentNullException.ThrowIfNull(model);
        return new Suspect(name, new DelegateOracle(model.InputLength, model.ClassCount, (rows, answers) => model.Classify(rows.Span, answers.Span)), isLabelOnly) { Identity = identity };
    }

    /// <summary>A function from a row to a label.</summary>
    /// <param name="name">What it is called in reports.</param>
    /// <param name="inputLength">Values in a row, at least 1.</param>
    /// <param name="classify">Gives the index of the row's class.</param>
    public static Suspect Of(string name, int inputLength, Func<ReadOnlyMemory<float>, int> classify)
    {
        ArgumentNullException.ThrowIfNull(classify);
        return new Suspect(name, new DelegateOracle(inputLength, 1, (rows, answers) =>
        {
            for (int row = 0; row < answers.Length; row++)
            {
                answers.Span[row] = classify(rows.Slice(row * inputLength, inputLength));
            }
        }));
    }

    /// <summary>Why an answer is none: a number that is not finite, or an index outside of the classes; null if it is one.</summary>
    /// <param name="answer">One answer.</param>
    /// <param name="classes">The suspect's; 0 if answers are embeddings, of which only the numbers are looked at.</param>
    internal string? FaultOf(ReadOnlySpan<float> answer, int classes)
    {
        int bad = answer.IndexOfAnyExceptInRange(float.MinValue, float.MaxValue);
        return bad >= 0 ? $"a value that is not finite at place {bad}; expected are {Expected(classes)}"
            : classes == 0 || !AnswersIndex || (answer[0] == MathF.Floor(answer[0]) && answer[0] >= 0 && answer[0] < classes) ? null
            : $"one number that is no index of a class; expected are {Expected(classes)}";
    }

    /// <summary>The label of an answer that has no fault.</summary>
    internal int LabelOf(ReadOnlySpan<float> answer) => AnswersIndex ? (int)answer[0] : TensorPrimitives.IndexOfMax(answer);

    /// <summary>Whether an answer is a distribution that says more than its label.</summary>
    internal bool HasScores(ReadOnlySpan<float> answer) =>
        !IsLabelOnly && !AnswersIndex && TensorPrimitives.Min(answer) >= 0 && MathF.Abs(TensorPrimitives.Sum(answer) - 1) <= SumTolerance
        && TensorPrimitives.Max(answer) < 1 - 1e-6f;

    private string Expected(int classes) => classes == 0 ? $"{Oracle.AnswerLength} finite numbers" : AnswersIndex ? $"whole numbers from 0 to {classes - 1}" : $"{Oracle.AnswerLength} finite scores, one for each class";
}
