namespace InferenceShield.Lab;

/// <summary>Which caller's answers a model was made of, by the payload of the cosine mark.</summary>
/// <remarks>The suspect's score of the payload's class, less the model's own, is regressed on cosine and sine of the projection. The two
/// coefficients are a vector that points to the phase of who asked. Answers of n callers with
/// independent phases add up to a vector of length 1/sqrt(n) in root mean square, and each one's own share of it is 1/n. Immutable and thread-safe.</remarks>
public sealed class PayloadAttribution
{
    /// <summary>A constant, the model's own score, both parts of the cosine mark, both of the payload: what a score is regressed on, so that
    /// none of the others is taken for the payload.</summary>
    private const int Regressors = 6;

    private const int First = 4;

    private readonly InputMarks _marks;

    private PayloadAttribution(InputMarks marks, double cosine, double sine, double deviation, double square)
    {
        _marks = marks;
        Length = Math.Sqrt((cosine * cosine) + (sine * sine));
        Cosine = cosine;
        Sine = sine;
        Deviation = deviation;
        PValue = Math.Exp(-square / 2);
    }

    /// <summary>The length of the vector, in probability.</summary>
    public double Length { get; }

    /// <summary>The vector.</summary>
    public double Cosine { get; }

    /// <summary>See <see cref="Cosine"/>.</summary>
    public double Sine { get; }

    /// <summary>The standard error of either part.</summary>
    public double Deviation { get; }

    /// <summary>The p-value of there being any payload: Wald's, of the vector, chi-square with two degrees of freedom.</summary>
    public double PValue { get; }

    /// <summary>Measures the payload in a suspect's scores.</summary>
    /// <param name="key">The owner's.</param>
    /// <param name="space">The input space that the marks were placed in.</param>
    /// <param name="frequency">Of the cosine mark, as in <see cref="CosineMarkOptions.Frequency"/>.</param>
    /// <param name="inputs">What both were asked, row after row; a few thousand.</param>
    /// <param name="clean">The model's own probabilities, without a shield.</param>
    /// <param name="answers">The suspect's, with the same classes in the same order.</param>
    /// <param name="classes">Numbers in an answer.</param>
    /// <exception cref="ArgumentException">Shapes do not fit one another, numbers are not finite, or the rows are too few or too much alike.</exception>
    public static PayloadAttribution Measure(
        MarkKey key, InputSpace space, double frequency, ReadOnlySpan<float> inputs, ReadOnlySpan<float> clean, ReadOnlySpan<float> answers, int classes)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(space);
        ArgumentOutOfRangeException.ThrowIfLessThan(classes, 2);
        if (!double.IsFinite(frequency) || frequency <= 0)
        {
            throw new ArgumentOutOfRangeException(nameof(frequency), frequency, "The frequency has to be finite and above 0. Give that of the cosine mark; a shield has 2 by default.");
        }

        if (inputs.Length % space.InputLength != 0)
        {
            throw new ArgumentException($"{inputs.Length} numbers are no whole rows of {space.InputLength}. Give inputs of the input space's shape.", nameof(inputs));
        }

        RequireFinite(inputs, "inputs", nameof(inputs));
        RequireFinite(clean, "own probabilities", nameof(clean));
        RequireFinite(answers, "answers", nameof(answers));
        return Measure(new InputMarks(key, space, cosine: true, payload: true, traps: false), frequency, inputs, clean, answers, classes);
    }

    /// <summary>How far the vector points to a caller, in standard deviations: about normal for a caller of no part in it.</summary>
    /// <param name="caller">As the shield identifies it.</param>
    public double ScoreOf(CallerKey caller)
    {
        double phase = _marks.PayloadPhase(caller);
        return ((Cosine * Math.Cos(phase)) + (Sine * Math.Sin(phase))) / Deviation;
    }

    /// <summary>Measures.</summary>
    /// <param name="marks">Of the key, with the payload.</param>
    /// <param name="frequency">Of the cosine mark.</param>
    /// <param name="inputs">What was asked, row after row.</param>
    /// <param name="clean">The model's own answers: probabilities.</param>
    /// <param name="answers">The suspect's.</param>
    /// <param name="classes">Numbers in an answer.</param>
    internal static PayloadAttribution Measure(
        InputMarks marks, double frequency, ReadOnlySpan<float> inputs, ReadOnlySpan<float> clean, ReadOnlySpan<float> answers, int classes)
    {
        if (marks.Payload is not { } payload || marks.Cosine is not { } mark)
        {
            throw new ArgumentException("The marks have no payload.", nameof(marks));
        }

        int width = marks.Space.InputLength;
        int rows = inputs.Length / width;
        if (rows <= Regressors || clean.Length != rows * classes || answers.Length != clean.Length)
        {
            throw new ArgumentException($"{clean.Length} and {answers.Length} scores are not answers of {classes} classes to {rows} rows, of which there must be more than {Regressors}.", nameof(answers));
        }

        int keyClass = payload.KeyClass(classes);
        double[] excess = new double[rows];
        double[] design = new double[rows * Regressors];
        double[] products = new double[Regressors * Regressors];
        double[] solution = new double[Regressors];
        for (int row = 0; row < rows; row++)
        {
            double own = clean[(row * classes) + keyClass];
            excess[row] = answers[(row * classes) + keyClass] - own;
            ReadOnlySpan<float> input = inputs.Slice(row * width, width);
            (double markSine, double markCosine) = Math.SinCos(frequency * mark.Project(input));
            (double sine, double cosine) = Math.SinCos(frequency * payload.Project(input));
            Span<double> one = design.AsSpan(row * Regressors, Regressors);
            ((ReadOnlySpan<double>)[1, own, markCosine, markSine, cosine, -sine]).CopyTo(one);
            for (int i = 0; i < Regressors; i++)
            {
                solution[i] += one[i] * excess[row];
                for (int j = 0; j < Regressors; j++)
                {
                    products[(i * Regressors) + j] += one[i] * one[j];
                }
            }
        }

        if (!SymmetricMatrix.TryFactor(products, Regressors))
        {
            throw new ArgumentException("The rows do not tell the payload from the mark: they are too few or too much alike.", nameof(inputs));
        }

        SymmetricMatrix.Solve(products, solution);
        double square = 0;
        for (int row = 0; row < rows; row++)
        {
            double rest = excess[row] - System.Numerics.Tensors.TensorPrimitives.Dot<double>(design.AsSpan(row * Regressors, Regressors), solution);
            square += rest * rest;
        }

        double variance = square / (rows - Regressors);

        // The payload comes last: the last 2 x 2 block of the factor is the inverse covariance's.
        double a = products[(First * Regressors) + First];
        double b = products[((First + 1) * Regressors) + First];
        double c = products[((First + 1) * Regressors) + First + 1];
        double along = (a * solution[First]) + (b * solution[First + 1]);
        double across = c * solution[First + 1];
        double deviation = Math.Sqrt(variance / (a * c)); // the root of the determinant
        return new PayloadAttribution(marks, solution[First], solution[First + 1], deviation, ((along * along) + (across * across)) / variance);
    }

    private static void RequireFinite(ReadOnlySpan<float> values, string what, string name)
    {
        foreach (float value in values)
        {
            if (!float.IsFinite(value))
            {
                throw new ArgumentException($"The {what} have a number that is not finite. Leave such rows out.", name);
            }
        }
    }
}
