namespace InferenceShield.Lab;

/// <summary>A model that gives each row of input a distribution over classes: the clean target, or a surrogate.</summary>
public interface IClassifier
{
    /// <summary>Values in a row of input.</summary>
    int InputLength { get; }

    /// <summary>Classes.</summary>
    int ClassCount { get; }

    /// <summary>Classifies rows. Thread-safe.</summary>
    /// <param name="inputs">Rows of <see cref="InputLength"/>, one after another.</param>
    /// <param name="probabilities">Receives as many rows of <see cref="ClassCount"/>, each summing to 1.</param>
    void Classify(ReadOnlySpan<float> inputs, Span<float> probabilities);
}
