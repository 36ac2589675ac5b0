using System.Globalization;

namespace InferenceShield;

/// <summary>Why a row of a model's output cannot be released.</summary>
internal readonly struct OutputFault
{
    private enum Fault
    {
        NotFinite,
        WrongSum,
        Negative,
        OutOfRange,
    }

    private readonly Fault _fault;
    private readonly double _value;

    private OutputFault(Fault fault, int index, double value)
    {
        _fault = fault;
        Index = index;
        _value = value;
    }

    /// <summary>The class (or value) in the row; -1 if the whole row is meant.</summary>
    public int Index { get; }

    public static OutputFault NotFinite(int index, double value) => new(Fault.NotFinite, index, value);

    public static OutputFault WrongSum(double sum) => new(Fault.WrongSum, -1, sum);

    public static OutputFault Negative(int index, double value) => new(Fault.Negative, index, value);

    /// <summary>A probability that is not between 0 and 1.</summary>
    public static OutputFault OutOfRange(int index) => new(Fault.OutOfRange, index, 0);

    /// <summary>The text for the operator. Holds no finite score of the row beyond what explains the fault.</summary>
    public string Describe(string output, int row) => _fault switch
    {
        Fault.NotFinite => string.Create(CultureInfo.InvariantCulture,
            $"The model's output '{output}' is {_value} at row {row}, class {Index}. Nothing of this call is released. Check the model and its input ranges."),
        Fault.WrongSum => string.Create(CultureInfo.InvariantCulture,
            $"The model's output '{output}' is declared as Probabilities, but row {row} sums to {_value:G4}, not 1. Nothing of this call is released. Declare it as Logits if it holds unnormalised scores, as SigmoidProbabilities if each score is a probability by itself."),
        Fault.OutOfRange => string.Create(CultureInfo.InvariantCulture,
            $"The model's output '{output}' is declared as SigmoidProbabilities, but row {row}, label {Index} is not between 0 and 1. Nothing of this call is released. Declare it as SigmoidLogits if it holds unnormalised scores."),
        _ => string.Create(CultureInfo.InvariantCulture,
            $"The model's output '{output}' is declared as Probabilities, but row {row}, class {Index} is negative. Nothing of this call is released. Declare it as Logits if it holds unnormalised scores."),
    };
}
