namespace InferenceShield.Lab;

/// <summary>A policy under one key: clean probabilities in, released answers out.</summary>
public interface IRelease
{
    /// <summary>Releases the answers of some rows. Thread-safe.</summary>
    /// <param name="inputs">The rows that were asked; empty where nobody knows them, which only releases that look at no input accept.</param>
    /// <param name="clean">Clean probabilities, row after row.</param>
    /// <param name="classCount">Classes, the length of a row.</param>
    /// <param name="released">Receives as many released rows.</param>
    void Apply(ReadOnlySpan<float> inputs, ReadOnlySpan<float> clean, int classCount, Span<float> released);
}
