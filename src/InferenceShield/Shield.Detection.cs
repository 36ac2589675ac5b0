namespace InferenceShield;

/// <content>Noticing who learns the model.</content>
public sealed partial class Shield
{
    /// <summary>Measures what was asked and answered, for detection: before <see cref="Harden(in Admission, Span{float}, int, int)"/> shapes the answer. A
    /// <c>ShieldedSession</c> does it by itself.</summary>
    /// <param name="admission">The admission of this query, by this shield.</param>
    /// <param name="inputs">The rows asked, one after another, as they go into the model; empty where the calibration sees no inputs.</param>
    /// <param name="clean">The model's clean scores, <paramref name="classes"/> numbers a row.</param>
    /// <param name="classes">The numbers in a row.</param>
    /// <exception cref="InvalidOperationException">The query was not admitted by this shield.</exception>
    public void Observe(in Admission admission, ReadOnlySpan<float> inputs, ReadOnlySpan<float> clean, int classes) => throw new NotImplementedException();
}
