using InferenceShield.OnnxRuntime;

namespace InferenceShield.Samples.FashionApi;

/// <summary>A model that callers can ask: one float32 input whose first dimension counts rows, one output.</summary>
internal sealed class ServedModel
{
    public ServedModel(ShieldedSession session, string[] labels)
    {
        Session = session;
        Labels = labels;
        if (labels.Length != session.OutputWidth)
        {
            throw new InvalidOperationException(
                $"Api:Labels:{session.Shield.Name} has {labels.Length} labels; the model has {session.OutputWidth} classes.");
        }
    }

    public ShieldedSession Session { get; }

    /// <summary>The name of each class.</summary>
    public string[] Labels { get; }

    /// <summary>Numbers in a row of the input.</summary>
    public int InputWidth => Session.InputWidth;
}
